# Heteroscedastic regression: net predicts mean and log-variance, Gaussian NLL.
# All weights live in ONE flat vector theta (views into it), Adam on theta,
# 4-fold cross validation with early stopping.
import numpy as np

SHAPES = [("A", (2, 16)), ("a", (16,)), ("B", (16, 12)), ("b", (12,)), ("C", (12, 2)), ("c", (2,))]
TOTAL = sum(int(np.prod(s)) for _, s in SHAPES)


def unpack(vec):
    out, k = {}, 0
    for name, shape in SHAPES:
        size = int(np.prod(shape))
        out[name] = vec[k:k + size].reshape(shape)
        k += size
    return out


def nll_and_grad(theta, x, y, want_grad=True):
    w = unpack(theta)
    n = x.shape[0]
    p1 = np.einsum("ni,ij->nj", x, w["A"]) + w["a"]
    h1 = np.maximum(p1, 0)
    h2 = np.tanh(np.einsum("ni,ij->nj", h1, w["B"]) + w["b"])
    out = np.einsum("ni,ij->nj", h2, w["C"]) + w["c"]
    mean, logvar = out[:, 0], out[:, 1]
    resid = y - mean
    prec = np.exp(-logvar)
    nll = 0.5 * np.mean(logvar + prec * resid ** 2)
    if not want_grad:
        return nll

    grad = np.empty(TOTAL)
    g = unpack(grad)                       # views: writing into g fills grad
    dout = np.empty_like(out)
    dout[:, 0] = -prec * resid / n
    dout[:, 1] = 0.5 * (1 - prec * resid ** 2) / n
    g["C"][...] = np.einsum("ni,nj->ij", h2, dout)
    g["c"][...] = np.einsum("nj->j", dout)
    d2 = np.einsum("nj,ij->ni", dout, w["C"]) * (1 - h2 * h2)
    g["B"][...] = np.einsum("ni,nj->ij", h1, d2)
    g["b"][...] = np.einsum("nj->j", d2)
    d1 = np.einsum("nj,ij->ni", d2, w["B"]) * (p1 > 0)
    g["A"][...] = np.einsum("ni,nj->ij", x, d1)
    g["a"][...] = np.einsum("nj->j", d1)
    return nll, grad


def fresh_theta(rng):
    theta = np.zeros(TOTAL)
    w = unpack(theta)
    for name in "ABC":
        w[name][...] = rng.normal(size=w[name].shape) / np.sqrt(w[name].shape[0])
    return theta


def fit(xt, yt, xv, yv, rng, max_epochs=80, patience=10, lr=0.01, beta1=0.9, beta2=0.999):
    theta = fresh_theta(rng)
    m = np.zeros(TOTAL)
    v = np.zeros(TOTAL)
    t, best, best_theta, bad_epochs = 0, np.inf, theta.copy(), 0
    for epoch in range(max_epochs):
        order = rng.permutation(len(xt))
        for batch in np.array_split(order, 8):
            nll, grad = nll_and_grad(theta, xt[batch], yt[batch])
            t += 1
            m = beta1 * m + (1 - beta1) * grad
            v = beta2 * v + (1 - beta2) * grad * grad
            alpha = lr * np.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
            theta -= alpha * m / (np.sqrt(v) + 1e-8)
        val = nll_and_grad(theta, xv, yv, want_grad=False)
        if val < best:
            best, best_theta, bad_epochs = val, theta.copy(), 0
        else:
            bad_epochs += 1
            if bad_epochs == patience:
                break
    return best_theta, best, epoch + 1


rng = np.random.default_rng(1414)
x = rng.uniform(-2, 2, size=(400, 2))
noise_sd = 0.1 + 0.4 * (x[:, 1] > 0)
y = np.sin(2 * x[:, 0]) + 0.3 * x[:, 1] + noise_sd * rng.normal(size=400)

blind = 0.5 * (np.log(np.var(y)) + 1)
print(f"constant model nll {blind:.3f}")
parts = np.array_split(rng.permutation(400), 4)
for f, val_idx in enumerate(parts):
    train_idx = np.setdiff1d(np.arange(400), val_idx)
    theta, score, used = fit(x[train_idx], y[train_idx], x[val_idx], y[val_idx], rng)
    print(f"fold {f}: best validation nll {score:.3f} after {used} epochs")
