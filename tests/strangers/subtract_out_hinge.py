import numpy as np

# multiclass SVM on top of a small hidden layer, weights updated without temporaries
np.random.seed(42)
num_train, dim, hidden, classes = 80, 7, 13, 5
proto = np.random.randn(classes, dim) * 2
y = np.random.randint(classes, size=num_train)
X = proto[y] + np.random.randn(num_train, dim)

W1 = np.random.randn(dim, hidden) * 0.2
b1 = np.zeros(hidden)
W2 = np.random.randn(hidden, classes) * 0.2
b2 = np.zeros(classes)
reg, alpha = 5e-3, 0.1


def svm_loss(scores, y):
    N = scores.shape[0]
    correct = scores[np.arange(N), y][:, None]
    margins = np.maximum(0, scores - correct + 1.0)
    margins[np.arange(N), y] = 0
    loss = margins.sum() / N
    binary = (margins > 0).astype(float)
    binary[np.arange(N), y] = -binary.sum(axis=1)
    return loss, binary / N


for it in range(150):
    idx = np.random.choice(num_train, 20)
    xb, yb = X[idx], y[idx]
    h = np.tanh(xb.dot(W1) + b1)
    scores = h.dot(W2) + b2
    loss, dscores = svm_loss(scores, yb)
    loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

    dW2 = h.T.dot(dscores) + 2 * reg * W2
    db2 = dscores.sum(0)
    da = dscores.dot(W2.T) * (1 - np.square(h))
    dW1 = xb.T.dot(da) + 2 * reg * W1
    db1 = da.sum(0)

    np.subtract(W2, alpha * dW2, out=W2)
    np.subtract(b2, alpha * db2, out=b2)
    np.subtract(W1, alpha * dW1, out=W1)
    np.subtract(b1, alpha * db1, out=b1)

    if it % 50 == 0:
        print('iteration %d / %d: loss %f' % (it, 150, loss))
