# PINN for  u'' = f(x) on (0,1), u(0)=u(1)=0,  f = -pi^2 sin(pi x)   (solution: sin(pi x))
# network u(x) = sum_j v_j tanh(w_j x + b_j) + c
# residual and its derivatives done on paper:
#   T = tanh(a), T' = 1-T^2, T'' = -2 T T', T''' = T' (6T^2 - 2)
import numpy as np

np.random.seed(1)
m = 20
xc = np.linspace(0, 1, 41)
xb = np.array([0., 1.])
f = -np.pi**2 * np.sin(np.pi * xc)
lam = 100.0

w = np.random.randn(m) * 2
b = np.random.randn(m)
v = np.random.randn(m) * .3
c = 0.0

mom = {n: 0. for n in 'wbvc'}
sec = {n: 0. for n in 'wbvc'}

for k in range(1, 2501):
    # interior points
    T = np.tanh(np.outer(xc, w) + b)
    T1 = 1 - T**2
    T2 = -2 * T * T1
    T3 = T1 * (6 * T**2 - 2)
    uxx = T2 @ (v * w**2)
    r = uxx - f

    # boundary points
    S = np.tanh(np.outer(xb, w) + b)
    S1 = 1 - S**2
    ub = S @ v + c

    loss = np.mean(r**2) + lam * np.sum(ub**2)

    gr = 2 * r / len(xc)
    gb = 2 * lam * ub

    dv = (gr @ T2) * w**2 + gb @ S
    db = (gr @ T3) * v * w**2 + (gb @ S1) * v
    dw = (gr @ T2) * 2 * v * w + ((gr * xc) @ T3) * v * w**2 + ((gb * xb) @ S1) * v
    dc = gb.sum()

    lr = 1e-2 if k < 1500 else 2e-3
    upd = {}
    for n, g in (('w', dw), ('b', db), ('v', dv), ('c', dc)):
        mom[n] = .9 * mom[n] + .1 * g
        sec[n] = .999 * sec[n] + .001 * g**2
        upd[n] = lr * mom[n] / (1 - .9**k) / (np.sqrt(sec[n] / (1 - .999**k)) + 1e-8)
    w -= upd['w']; b -= upd['b']; v -= upd['v']; c -= upd['c']

    if k % 500 == 0 or k == 1:
        u = np.tanh(np.outer(xc, w) + b) @ v + c
        print(k, 'loss', loss, 'max err', np.abs(u - np.sin(np.pi * xc)).max())
