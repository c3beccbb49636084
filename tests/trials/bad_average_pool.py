# LeNet style: conv(5x5, 3 maps) - tanh - average pool 2x2 - dense - sigmoid
# everything with loops, one picture at a time
import numpy as np
np.random.seed(4)

def conv(img, kernels, biases):
    n, kh, kw = kernels.shape
    H = img.shape[0] - kh + 1
    W = img.shape[1] - kw + 1
    out = np.zeros((n, H, W))
    for f in range(n):
        for i in range(H):
            for j in range(W):
                out[f, i, j] = np.sum(img[i:i+kh, j:j+kw] * kernels[f]) + biases[f]
    return out

def conv_grad(img, dout, kernels):
    dk = np.zeros_like(kernels)
    db = np.zeros(len(kernels))
    kh, kw = kernels.shape[1:]
    for f in range(len(kernels)):
        for i in range(dout.shape[1]):
            for j in range(dout.shape[2]):
                dk[f] += dout[f, i, j] * img[i:i+kh, j:j+kw]
                db[f] += dout[f, i, j]
    return dk, db

def avgpool(maps, k):
    n, H, W = maps.shape
    out = np.zeros((n, H//k, W//k))
    for f in range(n):
        for i in range(H//k):
            for j in range(W//k):
                out[f, i, j] = maps[f, i*k:(i+1)*k, j*k:(j+1)*k].mean()
    return out

def avgpool_grad(dout, shape, k):
    dmaps = np.zeros(shape)
    for f in range(dout.shape[0]):
        for i in range(dout.shape[1]):
            for j in range(dout.shape[2]):
                dmaps[f, i*k:(i+1)*k, j*k:(j+1)*k] = dout[f, i, j] / k
    return dmaps

# data: bright blob in upper half (1) or lower half (0)
pics, targets = [], []
for _ in range(40):
    p = np.random.randn(10, 10) * 0.2
    t = np.random.randint(2)
    r = np.random.randint(0, 3) + (0 if t else 5)
    c = np.random.randint(0, 7)
    p[r:r+2, c:c+2] += 1.5
    pics.append(p)
    targets.append(t)

K = 3
kernels = np.random.randn(K, 5, 5) * 0.2
kbias = np.zeros(K)
w = np.random.randn(K*3*3) * 0.3
b = 0.0
lr = 0.1

for epoch in range(6):
    loss = 0
    for img, t in zip(pics, targets):
        z = conv(img, kernels, kbias)
        a = np.tanh(z)
        p = avgpool(a, 2)
        flat = p.reshape(-1)
        o = 1 / (1 + np.exp(-(flat.dot(w) + b)))
        loss += -(t*np.log(o) + (1-t)*np.log(1-o))

        delta = o - t
        dw = delta * flat
        dp = (delta * w).reshape(p.shape)
        da = avgpool_grad(dp, a.shape, 2)
        dz = da * (1 - a**2)
        dkernels, dkbias = conv_grad(img, dz, kernels)

        w = w - lr*dw
        b = b - lr*delta
        kernels = kernels - lr*dkernels
        kbias = kbias - lr*dkbias
    print("epoch %d: average loss %.4f" % (epoch, loss/len(pics)))
