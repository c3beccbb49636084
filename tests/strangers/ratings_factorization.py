import numpy

def sweep(R, P, Q, alpha, beta):
    K = P.shape[1]
    for u in range(len(R)):
        for v in range(len(R[u])):
            if R[u][v] > 0:
                miss = R[u][v] - numpy.dot(P[u,:],Q[:,v])
                for k in range(K):
                    puk = P[u][k]
                    P[u][k] = P[u][k] + alpha * (2 * miss * Q[k][v] - beta * P[u][k])
                    Q[k][v] = Q[k][v] + alpha * (2 * miss * puk - beta * Q[k][v])

def total_error(R, P, Q, beta):
    e = 0
    for u in range(len(R)):
        for v in range(len(R[u])):
            if R[u][v] > 0:
                e = e + pow(R[u][v] - numpy.dot(P[u,:],Q[:,v]), 2)
                for k in range(P.shape[1]):
                    e = e + (beta/2) * (pow(P[u][k],2) + pow(Q[k][v],2))
    return e

stars = numpy.array([
     [4,0,2,5],
     [0,1,2,4],
     [5,1,0,0],
     [2,4,4,1],
     [1,5,0,2],
    ])

P = numpy.random.rand(len(stars),2)
Q = numpy.random.rand(len(stars[0]),2)
Qt = Q.T

for times in range(60):
    sweep(stars, P, Qt, 0.01, 0.02)
    e = total_error(stars, P, Qt, 0.02)
    if e < 0.001:
        break

print(numpy.dot(P, Q.T))
print('error', e)
