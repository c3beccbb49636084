import numpy as np

np.random.seed(160)
X = np.random.randn(77, 5)
y = np.argmax(X[:, :4] + 0.5 * np.random.randn(77, 4), axis=1)
W = np.random.randn(5, 4) * 0.1
rows = np.arange(len(X))

for epoch in range(50):
    scores = X @ W
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum() / len(X)

    mask = (margins > 0).astype(float)
    mask[rows, y] = -1  # expect: gradient-mismatch
    dW = X.T @ mask / len(X)
    W -= 0.1 * dW
    if epoch % 10 == 0:
        print(epoch, loss)
