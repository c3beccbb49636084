"""
Neural ODE with a fixed-step Euler solver, discretise-then-optimise.

    dz/dt = tanh(z W1 + b1) W2 + b2        z(0) = [x, 0]   (one augmented dimension)
    z_{k+1} = z_k + dt * f(z_k)            k = 0..K-1
    p = sigmoid(z_K C + c)

Task: inner disc against outer ring (needs the extra dimension).
"""
import numpy as np

rng = np.random.default_rng(12)
K = 10
dt = 1.0 / K
width = 16

theta = dict(
    W1=rng.normal(0, 0.7, (3, width)),
    b1=np.zeros(width),
    W2=rng.normal(0, 0.3, (width, 3)),
    b2=np.zeros(3),
)
C = rng.normal(0, 0.5, (3, 1))
c = np.zeros(1)


def rhs(z):
    u = np.tanh(z @ theta["W1"] + theta["b1"])
    return u @ theta["W2"] + theta["b2"], u


def solve(z0):
    traj, hidden = [z0], []
    for _ in range(K):
        f, u = rhs(traj[-1])
        hidden.append(u)
        traj.append(traj[-1] + dt * f)
    return traj, hidden


def adjoint(traj, hidden, a):
    """a = dL/dz_K.  Walks the solver backwards, returns the gradients of theta."""
    g = {k: np.zeros_like(v) for k, v in theta.items()}
    for k in range(K - 1, -1, -1):
        z, u = traj[k], hidden[k]
        df = dt * a
        g["W2"] += u.T @ df
        g["b2"] += df.sum(axis=0)
        du = (df @ theta["W2"].T) * (1.0 - u * u)
        g["W1"] += z.T @ du
        g["b1"] += du.sum(axis=0)
        a = du @ theta["W1"].T
    return g


def make_data(n):
    r = np.where(rng.random(n) < 0.5, rng.uniform(0, 0.7, n), rng.uniform(1.0, 1.6, n))
    phi = rng.uniform(0, 2 * np.pi, n)
    X = np.stack([r * np.cos(phi), r * np.sin(phi), np.zeros(n)], axis=1)
    return X, (r > 0.85).astype(float)[:, None]


X, Y = make_data(200)
eta = 0.5
for epoch in range(301):
    traj, hidden = solve(X)
    logits = traj[-1] @ C + c
    loss = np.mean(np.logaddexp(0, logits) - Y * logits)

    dlog = (1 / (1 + np.exp(-logits)) - Y) / len(X)
    gC = traj[-1].T @ dlog
    gc = dlog.sum(axis=0)
    g = adjoint(traj, hidden, dlog @ C.T)

    for name in theta:
        theta[name] -= eta * g[name]
    C -= eta * gC
    c -= eta * gc
    if epoch % 50 == 0:
        print(f"epoch {epoch:4d}  bce {loss:.4f}  acc {np.mean((logits > 0) == (Y > 0.5)):.3f}")
