import numpy as np

# sigmoid function, and with deriv=True its slope
def nonlin(x,deriv=False):
    s = 1/(1+np.exp(-x))
    if(deriv==True):
        return s*(1-s)
    return s

# input dataset: temperature, humidity, wind, (bias)   -> play outside?
X = np.array([  [0.9,0.1,0.2,1],
                [0.8,0.9,0.1,1],
                [0.5,0.4,0.9,1],
                [0.6,0.3,0.3,1],
                [0.1,0.2,0.1,1],
                [0.2,0.8,0.7,1],
                [0.7,0.5,0.2,1],
                [0.4,0.7,0.4,1] ])

# output dataset
y = np.array([[1,0,0,1,0,0,1,0]]).T

np.random.seed(1)

# initialize weights randomly with mean 0
syn0 = 2*np.random.random((4,6)) - 1
syn1 = 2*np.random.random((6,1)) - 1
alpha = 0.5

for iter in range(5000):

    # forward propagation
    z1 = np.dot(X,syn0)
    l1 = nonlin(z1)
    z2 = np.dot(l1,syn1)
    l2 = nonlin(z2)

    # how much did we miss?
    l2_error = y - l2

    if iter % 1000 == 0:
        print("mean error", np.mean(np.abs(l2_error)))

    l2_delta = l2_error * nonlin(z2,True)
    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * nonlin(l1,True)

    # update weights
    syn1 += alpha * l1.T.dot(l2_delta)
    syn0 += alpha * X.T.dot(l1_delta)

print("Output After Training:")
print(np.round(l2,3))
print("should be:")
print(y.T)
