import numpy as np
import matplotlib.pyplot as plt


class LinearNeuron(object):
    """Linear neuron trained on all samples at once; w_[0] is the offset."""
    def __init__(self, eta=0.01, n_iter=50, random_state=1):
        self.eta = eta
        self.n_iter = n_iter
        self.random_state = random_state

    def fit(self, X, y):
        gen = np.random.RandomState(self.random_state)
        self.w_ = gen.normal(loc=0.0, scale=0.01, size=1 + X.shape[1])
        self.cost_ = []
        for i in range(self.n_iter):
            raw = self.raw(X)
            output = self.activation(raw)
            errors = (y - output)
            self.w_[1:] += self.eta * X.T.dot(errors)
            self.w_[0] += self.eta * errors.sum()
            cost = (errors**2).sum() / 2.0
            self.cost_.append(cost)
        return self

    def raw(self, X):
        return np.dot(X, self.w_[1:]) + self.w_[0]

    def activation(self, X):
        return X

    def predict(self, X):
        return np.where(self.activation(self.raw(X)) >= 0.0, 1, -1)


X = np.vstack([np.random.randn(30, 2) + [1, 2], np.random.randn(22, 2) - [1, 0]])
y = np.r_[np.ones(30), -np.ones(22)]
X_std = (X - X.mean(axis=0)) / X.std(axis=0)

ada = LinearNeuron(n_iter=20, eta=0.01).fit(X_std, y)
print('accuracy', (ada.predict(X_std) == y).mean())
plt.plot(range(1, len(ada.cost_) + 1), ada.cost_, marker='o')
plt.xlabel('Epochs')
plt.ylabel('Sum-squared-error')
plt.tight_layout()
plt.show()
