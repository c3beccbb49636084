from layers import Dense


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def __call__(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def trainable(self):
        return [layer for layer in self.layers if isinstance(layer, Dense)]


class MSE:
    def __call__(self, y_pred, y_true):
        self.diff = y_pred - y_true
        return (self.diff ** 2).mean()

    def gradient(self):
        return 2 * self.diff / self.diff.size


class SGD:
    def __init__(self, model, lr):
        self.model = model
        self.lr = lr

    def step(self):
        for layer in self.model.trainable():
            layer.W -= self.lr * layer.dW
            layer.b -= self.lr * layer.db
