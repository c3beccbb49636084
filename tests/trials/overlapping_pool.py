import numpy as np

class Param(object):
    def __init__(self, value, decay=False):
        self.value = value
        self.grad = np.zeros_like(value)
        self.buf = None
        self.decay = decay

class DepthwiseConv(object):
    """one 3x3 kernel per channel, zero padding 1"""
    def __init__(self, rs, channels):
        self.k = Param(rs.normal(0, 0.4, (channels, 3, 3)), decay=True)
    def forward(self, x):
        self.xp = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], 'constant')
        H, W = x.shape[2:]
        out = np.zeros_like(x)
        for u in range(3):
            for v in range(3):
                out += self.xp[:, :, u:u + H, v:v + W] * self.k.value[:, u, v][None, :, None, None]
        return out
    def backward(self, d):
        H, W = d.shape[2:]
        dxp = np.zeros_like(self.xp)
        for u in range(3):
            for v in range(3):
                self.k.grad[:, u, v] = (self.xp[:, :, u:u + H, v:v + W] * d).sum(axis=(0, 2, 3))
                dxp[:, :, u:u + H, v:v + W] += d * self.k.value[:, u, v][None, :, None, None]
        return dxp[:, :, 1:-1, 1:-1]

class Pointwise(object):
    def __init__(self, rs, cin, cout):
        self.w = Param(rs.normal(0, 1 / np.sqrt(cin), (cout, cin)), decay=True)
        self.b = Param(np.zeros(cout))
    def forward(self, x):
        self.x = x
        return np.einsum('oc,nchw->nohw', self.w.value, x) + self.b.value[None, :, None, None]
    def backward(self, d):
        self.w.grad = np.einsum('nohw,nchw->oc', d, self.x)
        self.b.grad = np.einsum('nohw->o', d)
        return np.einsum('oc,nohw->nchw', self.w.value, d)

class PReLU(object):
    def __init__(self, channels):
        self.a = Param(np.full(channels, 0.25))
    def forward(self, x):
        self.x = x
        return np.where(x >= 0, x, self.a.value[None, :, None, None] * x)
    def backward(self, d):
        neg = self.x < 0
        self.a.grad = (d * self.x * neg).sum(axis=(0, 2, 3))
        return d * np.where(neg, self.a.value[None, :, None, None], 1.0)

class OverlappingMaxPool(object):
    size, stride = 3, 2
    def forward(self, x):
        self.x = x
        N, C, H, W = x.shape
        oh, ow = (H - self.size) // self.stride + 1, (W - self.size) // self.stride + 1
        self.where = np.zeros((N, C, oh, ow), dtype=int)
        out = np.zeros((N, C, oh, ow))
        for i in range(oh):
            for j in range(ow):
                r, c = i * self.stride, j * self.stride
                w = x[:, :, r:r + self.size, c:c + self.size].reshape(N, C, -1)
                self.where[:, :, i, j] = w.argmax(axis=2)
                out[:, :, i, j] = w.max(axis=2)
        return out
    def backward(self, d):
        dx = np.zeros_like(self.x)
        N, C, oh, ow = d.shape
        for i in range(oh):
            for j in range(ow):
                win = dx[:, :, i * self.stride:i * self.stride + self.size, j * self.stride:j * self.stride + self.size]
                rr, cc = np.divmod(self.where[:, :, i, j], self.size)
                n, c = np.ogrid[:N, :C]
                win[n, c, rr, cc] += d[:, :, i, j]
        return dx

class Flatten(object):
    def forward(self, x):
        self.s = x.shape
        return x.reshape(x.shape[0], -1, 1, 1)
    def backward(self, d):
        return d.reshape(self.s)

rs = np.random.RandomState(12)
N = 160
lab = rs.randint(0, 2, N)
img = rs.normal(0, 0.3, (N, 2, 9, 9))
for q in range(N):                      # class 1: both channels have the square at the same place
    r, c = rs.randint(0, 6, 2)
    img[q, 0, r:r + 3, c:c + 3] += 1.5
    if not lab[q]:
        r, c = rs.randint(0, 6, 2)
    img[q, 1, r:r + 3, c:c + 3] += 1.5

net = [Pointwise(rs, 2, 6), PReLU(6), DepthwiseConv(rs, 6), OverlappingMaxPool(), Pointwise(rs, 6, 4), PReLU(4), Flatten(), Pointwise(rs, 4 * 16, 1)]
params = [p for layer in net for p in vars(layer).values() if isinstance(p, Param)]
lam, lr, mu = 1e-3, 0.05, 0.9
sgn = 2.0 * lab - 1
for ep in range(12):
    for b in np.array_split(rs.permutation(N), 8):
        h = img[b]
        for layer in net:
            h = layer.forward(h)
        margin = sgn[b] * h[:, 0, 0, 0]
        loss = np.log1p(np.exp(-margin)).mean() + 0.5 * lam * sum((p.value ** 2).sum() for p in params if p.decay)
        d = (-sgn[b] / (1 + np.exp(margin)) / len(b)).reshape(h.shape)
        for layer in net[::-1]:
            d = layer.backward(d)
        for p in params:
            g = p.grad + lam * p.value if p.decay else p.grad
            p.buf = g.copy() if p.buf is None else mu * p.buf + g
            p.value -= lr * p.buf
    print(ep, loss, (margin > 0).mean())
