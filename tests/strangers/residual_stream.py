import numpy as np

rng = np.random.default_rng()

depth = 4
width = 10
inner = 15
X = rng.uniform(-2, 2, size=(60, 3))
Y = np.cos(X.sum(1, keepdims=True)) + 0.5 * X[:, :1]

def elu(a): return np.where(a > 0, a, np.expm1(np.minimum(a, 0)))
def elu_grad(a): return np.where(a > 0, 1.0, np.exp(np.minimum(a, 0)))

w_in = rng.normal(size=(3, width)) / 3 ** .5
ups = [rng.normal(size=(width, inner)) / width ** .5 for _ in range(depth)]
ups_b = [np.zeros(inner) for _ in range(depth)]
downs = [rng.normal(size=(inner, width)) / inner ** .5 * .5 for _ in range(depth)]
w_out = rng.normal(size=(width, 1)) / width ** .5
lr = 0.01

for epoch in range(120):
    stream = X @ w_in
    saved = []
    for i in range(depth):
        pre = stream @ ups[i] + ups_b[i]
        act = elu(pre)
        saved.append((stream, pre, act))
        stream = stream + act @ downs[i]
    guess = stream @ w_out
    err = guess - Y
    mse = np.mean(err ** 2)

    d = 2 * err / len(X)
    g_out = stream.T @ d
    ds = d @ w_out.T
    for i in range(depth - 1, -1, -1):
        entering, pre, act = saved[i]
        g_down = act.T @ ds
        d_pre = ds @ downs[i].T * elu_grad(pre)
        g_up = entering.T @ d_pre
        g_up_b = d_pre.sum(0)
        ds = ds + d_pre @ ups[i].T
        downs[i] -= lr * g_down
        ups[i] -= lr * g_up
        ups_b[i] -= lr * g_up_b
    g_in = X.T @ ds
    w_in -= lr * g_in
    w_out -= lr * g_out
    if epoch % 30 == 0: print(f'{epoch=} {mse=:.4f}')
