import numpy as np


def sig(x):
    return 1. / (1. + np.exp(-x))


class LSTMCell(object):
    """one gate matrix, order i f o g"""

    def __init__(self, n_in, n_hid, seed=None):
        r = np.random.RandomState(seed)
        self.n_in, self.n_hid = n_in, n_hid
        self.W = r.uniform(-0.3, 0.3, size=(4 * n_hid, n_in + n_hid))
        self.b = np.zeros(4 * n_hid)
        self.b[n_hid:2 * n_hid] = 1.0
        self.V = r.uniform(-0.3, 0.3, size=(n_hid,))
        self.c0 = 0.0
        self.cache = None

    def fprop(self, xs):
        H = self.n_hid
        h = np.zeros(H)
        c = np.zeros(H)
        self.cache = []
        for x in xs:
            xh = np.concatenate([x, h])
            a = np.dot(self.W, xh) + self.b
            i, f, o = sig(a[:H]), sig(a[H:2 * H]), sig(a[2 * H:3 * H])
            g = np.tanh(a[3 * H:])
            c_prev = c
            c = f * c_prev + i * g
            tc = np.tanh(c)
            h = o * tc
            self.cache.append((xh, i, f, o, g, c_prev, tc))
        self.h = h
        return np.dot(self.V, h) + self.c0

    def bprop(self, dy):
        H = self.n_hid
        dW = np.zeros_like(self.W)
        db = np.zeros_like(self.b)
        dV = dy * self.h
        dh = dy * self.V
        dc = np.zeros(H)
        for xh, i, f, o, g, c_prev, tc in reversed(self.cache):
            do = dh * tc
            dc = dc + dh * o * (1 - tc ** 2)
            di, dg, df = dc * g, dc * i, dc * c_prev
            da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
            dW += np.outer(da, xh)
            db += da
            dxh = np.dot(self.W.T, da)
            dh = dxh[self.n_in:]
            dc = dc * f
        return dW, db, dV, dy


def make_sequence(r):
    T = r.randint(3, 7)
    xs = r.rand(T, 2)
    return xs, np.sum(xs[:, 0] * (xs[:, 1] > 0.5))


if __name__ == '__main__':
    r = np.random.RandomState()
    net = LSTMCell(2, 7)
    lr = 0.05
    avg = 0
    for n in range(150):
        xs, target = make_sequence(r)
        y = net.fprop(xs)
        err = y - target
        avg = 0.95 * avg + 0.05 * err ** 2
        dW, db, dV, dc0 = net.bprop(err)
        net.W -= lr * dW
        net.b -= lr * db
        net.V -= lr * dV
        net.c0 -= lr * dc0
        if n % 50 == 0:
            print(n, avg)
