import numpy as np

def squash(x, slope=False):
    if slope:
        return x*(1-x)
    return 1/(1+np.exp(-x))

X = np.array([[0,0,1],
              [0,1,1],
              [1,0,1],
              [1,1,1],
              [0,1,0]])

y = np.array([[0],
              [1],
              [1],
              [0],
              [1]])

syn0 = 2*np.random.random((3,6)) - 1
syn1 = 2*np.random.random((6,1)) - 1

for j in range(6000):

    l0 = X
    l1 = squash(np.dot(l0,syn0))
    l2 = squash(np.dot(l1,syn1))

    l2_error = y - l2

    if (j % 1000) == 0:
        print("step", j)
        print(l2.T)

    l2_delta = l2_error*squash(l2,slope=True)

    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * squash(l1,slope=True)

    syn1 += l1.T.dot(l2_delta)
    syn0 += l0.T.dot(l1_delta)

print("final")
print(l2)
