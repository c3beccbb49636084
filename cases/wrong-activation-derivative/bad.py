import numpy as np

np.random.seed(1)
X = np.random.uniform(-2, 2, (60, 2))
y = np.sin(X[:, :1]) * X[:, 1:]

W1 = np.random.randn(2, 12) * 0.5
b1 = np.random.randn(12) * 0.1
W2 = np.random.randn(12, 1) * 0.5
b2 = np.zeros(1)

for i in range(100):
    hidden = np.tanh(X.dot(W1) + b1)
    guess = hidden.dot(W2) + b2
    loss = np.mean((guess - y) ** 2)

    grad_guess = 2 * (guess - y) / len(X)
    grad_W2 = hidden.T.dot(grad_guess)
    grad_b2 = grad_guess.sum(0)
    grad_z = grad_guess.dot(W2.T) * (1 - hidden)  # expect: wrong-activation-derivative
    grad_W1 = X.T.dot(grad_z)
    grad_b1 = grad_z.sum(0)

    W1 = W1 - 0.05 * grad_W1
    b1 = b1 - 0.05 * grad_b1
    W2 = W2 - 0.05 * grad_W2
    b2 = b2 - 0.05 * grad_b2
    if i % 25 == 0:
        print(i, loss)
