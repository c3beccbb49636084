import numpy as np


def svm_loss_vectorized(W, b, X, y, reg):
    """
    Structured (multiclass) SVM loss.
    W: (D, C), b: (C,), X: (N, D), y: (N,) ints.
    Returns loss, dW, db
    """
    num_train = X.shape[0]
    scores = X.dot(W) + b
    correct = scores[np.arange(num_train), y].reshape(-1, 1)
    margins = np.maximum(0, scores - correct + 1.0)
    margins[np.arange(num_train), y] = 0
    loss = np.sum(margins) / num_train + reg * np.sum(W * W)

    mask = np.zeros_like(margins)
    mask[margins > 0] = 1
    mask[np.arange(num_train), y] = -1
    dW = X.T.dot(mask) / num_train + 2 * reg * W
    db = mask.sum(axis=0) / num_train
    return loss, dW, db


class LinearSVM:
    def __init__(self):
        self.W = None
        self.b = None

    def train(self, X, y, lr=5e-2, reg=1e-3, num_iters=400, batch_size=100, patience=6):
        n, d = X.shape
        num_classes = np.max(y) + 1
        self.W = 0.001 * np.random.randn(d, num_classes)
        self.b = np.zeros(num_classes)
        n_val = n // 5
        X_val, y_val, X, y = X[:n_val], y[:n_val], X[n_val:], y[n_val:]
        best, best_Wb, bad = np.inf, (self.W.copy(), self.b.copy()), 0
        for it in range(num_iters):
            choice = np.random.choice(len(X), batch_size, replace=False)
            loss, dW, db = svm_loss_vectorized(self.W, self.b, X[choice], y[choice], reg)
            self.W -= lr * dW
            self.b -= lr * db
            if it % 20 == 0:
                val, _, _ = svm_loss_vectorized(self.W, self.b, X_val, y_val, reg)
                print('it %3d  train %.4f  val %.4f' % (it, loss, val))
                if val < best:
                    best, best_Wb, bad = val, (self.W.copy(), self.b.copy()), 0
                else:
                    bad += 1
                    if bad >= patience:
                        print('early stop')
                        break
        self.W, self.b = best_Wb

    def predict(self, X):
        return np.argmax(X.dot(self.W) + self.b, axis=1)


if __name__ == '__main__':
    np.random.seed(16)
    C, D = 6, 10
    mu = np.random.randn(C, D) * 1.2
    y = np.random.randint(0, C, 900)
    X = mu[y] + np.random.randn(900, D)
    svm = LinearSVM()
    svm.train(X[:700], y[:700])
    print('test accuracy', np.mean(svm.predict(X[700:]) == y[700:]))
