"""Gaussian-process hyperparameters by gradient descent on the negative log marginal likelihood.

ARD squared-exponential kernel; everything is optimised in log space.
"""
import numpy as np

rng = np.random.default_rng(17)
N, D = 40, 2
X = np.asfortranarray(rng.uniform(-2, 2, (N, D)))
y = np.sin(2.0 * X[:, 0]) + 0.3 * X[:, 1] + 0.1 * rng.standard_normal(N)
y = y - y.mean()

log_ell = np.log(np.array([1.0, 1.0]))
log_sf = np.log(1.0)
log_sn = np.log(0.5)

diff2 = np.asfortranarray((X[:, None, :] - X[None, :, :]) ** 2)
eye = np.eye(N)

mom_ell, mom_sf, mom_sn = np.zeros(D), 0.0, 0.0
lr, mom = 0.004, 0.8

for step in range(150):
    inv_l2 = np.exp(-2.0 * log_ell)
    R = np.einsum("ijd,d->ij", diff2, inv_l2)
    Kf = np.exp(2.0 * log_sf) * np.exp(-0.5 * R)
    K = Kf + (np.exp(2.0 * log_sn) + 1e-8) * eye
    L = np.linalg.cholesky(K)
    Kinv = np.linalg.solve(L.T, np.linalg.solve(L, eye))
    alpha = Kinv @ y
    nlml = 0.5 * y @ alpha + np.log(np.diag(L)).sum() + 0.5 * N * np.log(2 * np.pi)

    dK = 0.5 * (Kinv - np.outer(alpha, alpha))
    g_ell = np.einsum("ij,ij,ijd->d", dK, Kf, diff2) * inv_l2
    g_sf = 2.0 * np.sum(dK * Kf)
    g_sn = 2.0 * np.exp(2.0 * log_sn) * np.trace(dK)

    mom_ell = mom * mom_ell + g_ell
    mom_sf = mom * mom_sf + g_sf
    mom_sn = mom * mom_sn + g_sn
    log_ell = log_ell - lr * mom_ell
    log_sf = log_sf - lr * mom_sf
    log_sn = log_sn - lr * mom_sn
    if step % 25 == 0:
        print(f"{step:3d} nlml {nlml:9.4f} ell {np.exp(log_ell).round(3)} "
              f"sf {np.exp(log_sf):.3f} sn {np.exp(log_sn):.3f}")

K = np.exp(2 * log_sf) * np.exp(-0.5 * (diff2 * np.exp(-2 * log_ell)).sum(-1)) + np.exp(2 * log_sn) * eye
alpha = np.linalg.solve(K, y)
Xs = rng.uniform(-2, 2, (5, D))
ks = np.exp(2 * log_sf) * np.exp(-0.5 * (((Xs[:, None] - X[None]) ** 2) * np.exp(-2 * log_ell)).sum(-1))
print("posterior mean", (ks @ alpha).round(3))
