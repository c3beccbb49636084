# poisson regression w/ hidden layer -> counts of bikes per hour
import numpy as np
np.random.seed(31)

hours = np.arange(24)
X = np.column_stack([np.sin(2*np.pi*hours/24), np.cos(2*np.pi*hours/24),
                     np.sin(4*np.pi*hours/24), np.cos(4*np.pi*hours/24)])
X = np.tile(X, (6, 1))
lam_true = np.exp(1 + 1.2*X[:, 0] - 0.7*X[:, 3])
counts = np.random.poisson(lam_true).reshape(-1, 1)

net = {'Win': np.random.randn(4, 6)*0.4,
       'bin': np.zeros((1, 6)),
       'Wout': np.random.randn(6, 1)*0.4,
       'bout': np.zeros((1, 1))}

def leaky(z):  return np.where(z > 0, z, 0.1*z)
def dleaky(z): return np.where(z > 0, 1.0, 0.1)

def forward(net, X):
    z = X @ net['Win'] + net['bin']
    h = leaky(z)
    eta = h @ net['Wout'] + net['bout']
    return z, h, eta

def deviance_like(eta, k):
    # poisson nll without the log k! constant
    return (np.exp(eta) - k*eta).mean()

def grads_of(net, X, k):
    z, h, eta = forward(net, X)
    d_eta = (np.exp(eta) - k)/len(k)
    dz = (d_eta @ net['Wout'].T)*dleaky(z)
    return {'Wout': h.T @ d_eta, 'bout': d_eta.sum(0, keepdims=True),
            'Win': X.T @ dz, 'bin': dz.sum(0, keepdims=True)}

lr = 0.05
for it in range(1500):
    g = grads_of(net, X, counts)
    net['Wout'] -= lr*g['Wout']
    net['bout'] -= lr*g['bout']
    net['Win']  -= lr*g['Win']
    net['bin']  -= lr*g['bin']
    # -- report
    if it % 300 == 0:
        print('%5d  %.5f' % (it, deviance_like(forward(net, X)[2], counts)))
print('mean rate: model %.3f data %.3f' % (np.exp(forward(net, X)[2]).mean(), counts.mean()))
