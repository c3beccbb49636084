import numpy as np
import matplotlib.pyplot as plt

# Which activation learns x^3 - x best?

def sigmoid(v): return 1/(1+np.exp(-v))

ACTIVATIONS = {
    'sigmoid': (sigmoid, lambda v: sigmoid(v)*(1-sigmoid(v))),
    'tanh': (np.tanh, lambda v: 1-np.tanh(v)**2),
    'softplus': (lambda v: np.log1p(np.exp(v)), sigmoid),
}

x = np.linspace(-1.5, 1.5, 40).reshape(1, -1)
y = x**3 - x


def train(act, dact, hidden, eta=0.05, epochs=150):
    np.random.seed(5)
    W1 = np.random.normal(size=(hidden, 1))
    B1 = np.random.normal(size=(hidden, 1))
    W2 = np.random.normal(size=(1, hidden))*0.3
    B2 = np.zeros((1, 1))
    history = np.zeros(epochs)
    for e in range(epochs):
        Z1 = W1 @ x + B1
        A1 = act(Z1)
        out = W2 @ A1 + B2
        history[e] = np.sum((out-y)**2) / (2*x.shape[1])
        D2 = (out-y) / x.shape[1]
        D1 = (W2.T @ D2) * dact(Z1)
        W2 = W2 - eta * D2 @ A1.T
        B2 = B2 - eta * D2.sum(1, keepdims=True)
        W1 = W1 - eta * D1 @ x.T
        B1 = B1 - eta * D1.sum(1, keepdims=True)
    return history


for h, name in zip((7, 8, 9), ACTIVATIONS):
    curve = train(*ACTIVATIONS[name], hidden=h)
    print(name, curve[0], '->', curve[-1])
    plt.plot(curve, label=name)
plt.legend()
plt.yscale('log')
plt.show()
