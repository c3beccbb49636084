import numpy as np

np.random.seed(55)
IN, HID, OUT = 3, 9, 2
SIZE = IN * HID + HID + HID * OUT + OUT


def views(theta):
    a = IN * HID
    b = a + HID
    c = b + HID * OUT
    return theta[:a].reshape(IN, HID), theta[a:b], theta[b:c].reshape(HID, OUT), theta[c:]


def cost_and_gradient(theta, X, Y):
    W1, b1, W2, b2 = views(theta)
    H = 1 / (1 + np.exp(-(X @ W1 + b1)))
    E = H @ W2 + b2 - Y
    cost = 0.5 * (E ** 2).sum(axis=1).mean()

    grad = np.zeros_like(theta)
    gW1, gb1, gW2, gb2 = views(grad)
    dE = E / len(X)
    gW2[:] = H.T @ dE
    gb2[:] = dE.sum(0)
    dH = dE @ W2.T * H * (1 - H)
    gW1[:] = X.T @ dH
    gb1[:] = dH.sum(0)
    return cost, grad


X = np.random.rand(45, IN)
Y = np.stack([X.prod(1), X.max(1) - X.min(1)], axis=1)
theta = np.random.randn(SIZE) * 0.7
memory = np.zeros(SIZE)

for sweep in range(150):
    cost, grad = cost_and_gradient(theta, X, Y)
    memory = 0.8 * memory + grad
    theta -= 0.2 * memory
    if sweep % 50 == 0:
        print("cost after sweep", sweep, ":", cost)
