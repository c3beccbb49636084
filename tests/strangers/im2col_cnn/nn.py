from collections import OrderedDict

import numpy as np

from util import col2im, im2col


class Convolution:
    def __init__(self, W, b, stride=1, pad=0):
        self.W, self.b = W, b
        self.stride, self.pad = stride, pad

    def forward(self, x):
        FN, C, FH, FW = self.W.shape
        N, C, H, W = x.shape
        out_h = 1 + (H + 2 * self.pad - FH) // self.stride
        out_w = 1 + (W + 2 * self.pad - FW) // self.stride
        col = im2col(x, FH, FW, self.stride, self.pad)
        flat_W = self.W.reshape(FN, -1).T
        out = np.dot(col, flat_W) + self.b
        self.x, self.col, self.flat_W = x, col, flat_W
        return out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout).transpose(1, 0).reshape(FN, C, FH, FW)
        return col2im(np.dot(dout, self.flat_W.T), self.x.shape, FH, FW, self.stride, self.pad)


class Pooling:
    def __init__(self, size):
        self.size = size

    def forward(self, x):
        N, C, H, W = x.shape
        s = self.size
        col = im2col(x, s, s, s).reshape(-1, s * s)
        self.x, self.where = x, np.argmax(col, axis=1)
        return np.max(col, axis=1).reshape(N, H // s, W // s, C).transpose(0, 3, 1, 2)

    def backward(self, dout):
        dout = dout.transpose(0, 2, 3, 1)
        s = self.size
        dmax = np.zeros((dout.size, s * s))
        dmax[np.arange(self.where.size), self.where.flatten()] = dout.flatten()
        dmax = dmax.reshape(dout.shape + (s * s,))
        dcol = dmax.reshape(dmax.shape[0] * dmax.shape[1] * dmax.shape[2], -1)
        return col2im(dcol, self.x.shape, s, s, s)


class Relu:
    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.shape = x.shape
        self.x = x.reshape(x.shape[0], -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.W.T).reshape(*self.shape)


class SoftmaxWithLoss:
    def forward(self, x, t):
        x = x - np.max(x, axis=-1, keepdims=True)
        self.t = t
        self.y = np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)
        batch_size = self.y.shape[0]
        self.loss = -np.sum(np.log(self.y[np.arange(batch_size), t] + 1e-7)) / batch_size
        return self.loss

    def backward(self, dout=1):
        batch_size = self.t.shape[0]
        dx = self.y.copy()
        dx[np.arange(batch_size), self.t] -= 1
        return dx / batch_size


class StripeNet:
    def __init__(self, channels=2, size=8, filters=5, hidden=14, classes=3, std=0.1):
        self.params = {}
        self.params['W1'] = std * np.random.randn(filters, channels, 3, 3)
        self.params['b1'] = np.zeros(filters)
        pooled = size // 2
        self.params['W2'] = std * np.random.randn(filters * pooled * pooled, hidden)
        self.params['b2'] = np.zeros(hidden)
        self.params['W3'] = std * np.random.randn(hidden, classes)
        self.params['b3'] = np.zeros(classes)
        self.layers = OrderedDict()
        self.layers['Conv1'] = Convolution(self.params['W1'], self.params['b1'], 1, pad=1)
        self.layers['Relu1'] = Relu()
        self.layers['Pool1'] = Pooling(2)
        self.layers['Affine1'] = Affine(self.params['W2'], self.params['b2'])
        self.layers['Relu2'] = Relu()
        self.layers['Affine2'] = Affine(self.params['W3'], self.params['b3'])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        return {'W1': self.layers['Conv1'].dW, 'b1': self.layers['Conv1'].db,
                'W2': self.layers['Affine1'].dW, 'b2': self.layers['Affine1'].db,
                'W3': self.layers['Affine2'].dW, 'b3': self.layers['Affine2'].db}
