import numpy as np

R = np.random.RandomState(8)
pieces, m = 3, 54
x = R.randn(m, 6)
t = (np.abs(x[:, 0]) + x[:, 1] > 1).astype(int)

U = R.randn(pieces, 6, 10) * 0.4
c = R.randn(pieces, 10) * 0.1
M = R.randn(10, 7) * 0.4
slope = np.full(7, 0.25)
O = R.randn(7, 2) * 0.4
o = np.zeros(2)

for rep in range(100):
    pick = R.permutation(m)[:27]
    xb, tb = x[pick], t[pick]

    cand = np.einsum('ni,kij->knj', xb, U) + c[:, None, :]
    win = cand.argmax(axis=0)
    hid = cand.max(axis=0)
    pre = hid @ M
    act = np.where(pre > 0, pre, slope * pre)
    lg = act @ O + o
    lse = np.logaddexp(lg[:, 0], lg[:, 1])
    cost = np.mean(lse - lg[np.arange(27), tb])

    dlg = np.exp(lg - lse[:, None])
    dlg[np.arange(27), tb] -= 1
    dlg /= 27
    dO, do = act.T @ dlg, dlg.sum(0)
    dact = dlg @ O.T
    dslope = np.sum(dact * np.minimum(pre, 0), axis=0)
    dpre = dact * np.where(pre > 0, 1, slope)
    dM = hid.T @ dpre
    dhid = dpre @ M.T
    route = (win == np.arange(pieces)[:, None, None]) * dhid
    dU = np.einsum('ni,knj->kij', xb, route)
    dc = route.sum(axis=1)

    rate = 0.3 / (1 + 0.01 * rep)
    U, c = U - rate * dU, c - rate * dc
    M, slope = M - rate * dM, slope - rate * dslope
    O, o = O - rate * dO, o - rate * do
    if rep % 25 == 0:
        print('%d\t%.4f\tslopes %s' % (rep, cost, np.round(slope[:3], 3)))
