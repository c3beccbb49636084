import numpy as np

# Echo task: output at t should be the input of two steps ago. GRU, samples in columns.


def logistic(v):
    return 0.5 * (1 + np.tanh(0.5 * v))


class GRU:

    def __init__(self, nx, nh, ny):
        g = np.random.default_rng()
        def mk(a, b):
            return g.normal(0, 1 / np.sqrt(b), (a, b))
        self.theta = {
            'Wz': mk(nh, nx), 'Uz': mk(nh, nh), 'bz': np.zeros((nh, 1)),
            'Wr': mk(nh, nx), 'Ur': mk(nh, nh), 'br': np.zeros((nh, 1)),
            'Wc': mk(nh, nx), 'Uc': mk(nh, nh), 'bc': np.zeros((nh, 1)),
            'Vy': mk(ny, nh), 'by': np.zeros((ny, 1)),
        }
        self.nh = nh

    def run(self, xs):
        th = self.theta
        h = np.zeros((self.nh, xs[0].shape[1]))
        tape, ys = [], []
        for x in xs:
            z = logistic(th['Wz'] @ x + th['Uz'] @ h + th['bz'])
            r = logistic(th['Wr'] @ x + th['Ur'] @ h + th['br'])
            c = np.tanh(th['Wc'] @ x + th['Uc'] @ (r * h) + th['bc'])
            new = (1 - z) * h + z * c
            tape.append((x, h, z, r, c, new))
            h = new
            ys.append(th['Vy'] @ h + th['by'])
        return ys, tape

    def grads(self, tape, dys):
        th = self.theta
        G = {k: np.zeros(v.shape) for k, v in th.items()}
        dh = 0
        for (x, h, z, r, c, new), dy in zip(tape[::-1], dys[::-1]):
            G['Vy'] += dy @ new.T
            G['by'] += dy.sum(1, keepdims=True)
            dh = dh + th['Vy'].T @ dy
            dc = dh * z * (1 - c ** 2)
            dz = dh * (c - h) * z * (1 - z)
            drh = th['Uc'].T @ dc
            dr = drh * h * r * (1 - r)
            for gate, d, inner in (('z', dz, h), ('r', dr, h), ('c', dc, r * h)):
                G['W' + gate] += d @ x.T
                G['U' + gate] += d @ inner.T
                G['b' + gate] += d.sum(1, keepdims=True)
            dh = dh * (1 - z) + drh * r + th['Uz'].T @ dz + th['Ur'].T @ dr
        return G


net = GRU(2, 6, 2)
T, B = 7, 9
for it in range(1, 151):
    xs = [np.sign(np.random.randn(2, B)) for _ in range(T)]
    ys, tape = net.run(xs)
    targets = [np.zeros((2, B))] * 2 + xs[:-2]
    dys = [(y - t) / (B * T) for y, t in zip(ys, targets)]
    G = net.grads(tape, dys)
    norm = np.sqrt(sum((g ** 2).sum() for g in G.values()))
    factor = min(1.0, 5.0 / norm)
    for k, g in G.items():
        net.theta[k] -= 0.5 * factor * g
    if it % 50 == 0:
        hits = np.mean([np.sign(y) == t for y, t in zip(ys[2:], targets[2:])])
        print(it, 'bits right: %.2f' % hits, 'gradient norm: %.4f' % norm)
