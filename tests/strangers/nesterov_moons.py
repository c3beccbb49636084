import numpy as np
import matplotlib.pyplot as plt

n = 50
t = np.pi * np.random.rand(n)
X = np.r_[np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), .5 - np.sin(t)]] + .1 * np.random.randn(2 * n, 2)
y = np.r_[np.zeros(n, int), np.ones(n, int)]

nn_hdim = 6
epsilon = 0.5
reg_lambda = 0.001
mu = 0.8


def forward(model, x):
    z1 = x.dot(model['W1']) + model['b1']
    a1 = np.tanh(z1)
    z2 = a1.dot(model['W2']) + model['b2']
    exp_scores = np.exp(z2)
    return a1, exp_scores / np.sum(exp_scores, axis=1, keepdims=True)


def calculate_loss(model):
    _, probs = forward(model, X)
    corect_logprobs = -np.log(probs[range(len(X)), y])
    data_loss = np.sum(corect_logprobs)
    data_loss += reg_lambda / 2 * (np.sum(np.square(model['W1'])) + np.sum(np.square(model['W2'])))
    return 1. / len(X) * data_loss


def gradient(model):
    a1, probs = forward(model, X)
    delta3 = probs
    delta3[range(len(X)), y] -= 1
    g = {}
    g['W2'] = (a1.T).dot(delta3)
    g['b2'] = np.sum(delta3, axis=0, keepdims=True)
    delta2 = delta3.dot(model['W2'].T) * (1 - np.power(a1, 2))
    g['W1'] = np.dot(X.T, delta2)
    g['b1'] = np.sum(delta2, axis=0)
    g['W2'] += reg_lambda * model['W2']
    g['W1'] += reg_lambda * model['W1']
    return {k: v / len(X) for k, v in g.items()}


model = {'W1': np.random.randn(2, nn_hdim) / np.sqrt(2), 'b1': np.zeros((1, nn_hdim)),
         'W2': np.random.randn(nn_hdim, 2) / np.sqrt(nn_hdim), 'b2': np.zeros((1, 2))}
vel = {k: np.zeros_like(v) for k, v in model.items()}

for i in range(300):
    ahead = {k: model[k] + mu * vel[k] for k in model}
    grads = gradient(ahead)
    for k in model:
        vel[k] = mu * vel[k] - epsilon * grads[k].reshape(vel[k].shape)
        model[k] = model[k] + vel[k]
    if i % 100 == 0:
        print("Loss after iteration %i: %f" % (i, calculate_loss(model)))

xx, yy = np.meshgrid(np.linspace(-2, 3, 40), np.linspace(-1.5, 2, 40))
_, p = forward(model, np.c_[xx.ravel(), yy.ravel()])
plt.contourf(xx, yy, p[:, 1].reshape(xx.shape), cmap=plt.cm.Spectral)
plt.scatter(X[:, 0], X[:, 1], c=y)
plt.show()
