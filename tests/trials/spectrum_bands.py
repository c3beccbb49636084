# Raman-like spectrum: how many pseudo-Voigt bands? Fit 1, 2, 3 bands (random restarts), compare by BIC.
import numpy as np

rng = np.random.default_rng(633)
nu = np.linspace(-1, 1, 161)


def band(par):
    """one band and its four derivatives; par = (amp, centre, log width, logit mixing)"""
    A, c, lw, lm = par
    w = np.exp(lw); eta = 1/(1 + np.exp(-lm))
    u = (nu - c)/w
    gau = np.exp(-u*u*np.log(2)); lor = 1/(1 + u*u)
    shape = eta*lor + (1 - eta)*gau
    dshape_du = eta*(-2*u*lor**2) + (1 - eta)*(-2*np.log(2)*u*gau)
    dA = shape
    dc = A*dshape_du*(-1/w)
    dlw = A*dshape_du*(-u)
    dlm = A*(lor - gau)*eta*(1 - eta)
    return A*shape, np.stack([dA, dc, dlw, dlm])


def model(theta, k):
    y = theta[0] + theta[1]*nu
    J = [np.ones_like(nu), nu]
    for b in range(k):
        yb, Jb = band(theta[2 + 4*b: 6 + 4*b])
        y = y + yb
        J.extend(Jb)
    return y, np.array(J)                      # J: parameters in rows


def objective(theta, k, y):
    fit, J = model(theta, k)
    r = fit - y
    return np.mean(r*r), 2*J @ r/r.size, fit


def start(k):
    th = [0.0, 0.0]
    for _ in range(k):
        th += [rng.uniform(.3, 1), rng.uniform(-.7, .7), np.log(rng.uniform(.05, .3)), 0.0]
    return np.array(th)


def fit(k, y, n_iter=500):
    theta = start(k)
    m = np.zeros_like(theta); v = np.zeros_like(theta)
    for it in range(1, n_iter + 1):
        loss, g, _ = objective(theta, k, y)
        m = .9*m + .1*g
        v = .999*v + .001*g*g
        lr = .03*(.5 + .5*np.cos(np.pi*it/n_iter))
        theta = theta - lr*(m/(1 - .9**it))/(np.sqrt(v/(1 - .999**it)) + 1e-10)
    return theta, objective(theta, k, y)[0]


true = np.array([.1, .05,  1.0, -.25, np.log(.12), 0.,   .6, .2, np.log(.09), 1.])
y = model(true, 2)[0] + .02*rng.normal(size=nu.size)

for k in (1, 2, 3):
    runs = [fit(k, y) for _ in range(4)]
    theta, best = min(runs, key=lambda r: r[1])
    bic = nu.size*np.log(best) + len(theta)*np.log(nu.size)
    print("bands %d   mse of the restarts %s   best %.6f   BIC %.1f"
          % (k, " ".join("%.5f" % r[1] for r in runs), best, bic))
    for b in range(k):
        A, c, lw, lm = theta[2 + 4*b: 6 + 4*b]
        print("      band at %6.3f  height %.3f  hwhm %.3f  Lorentzian %.2f" % (c, A, np.exp(lw), 1/(1 + np.exp(-lm))))
