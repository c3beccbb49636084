# Multi-output linear regression, plain lists, batch gradient descent
# (exercise 4, no numpy allowed)

def matmul(A, B):
    return [[sum(a*b for a, b in zip(row, col)) for col in zip(*B)] for row in A]

def transpose(A):
    return [list(r) for r in zip(*A)]

X = [[1.0, 0.2, 1.1], [1.0, -0.4, 0.3], [1.0, 0.9, -0.5], [1.0, 1.4, 0.1], [1.0, -1.0, -0.8]]
Y = [[1.9, 0.1], [0.6, 0.5], [0.4, -1.3], [1.3, -1.2], [-1.4, 0.9]]
W = [[0.1, 0.0], [0.0, 0.1], [0.2, -0.1]]

alpha = 0.1
m = len(X)
errors = []

for it in range(120):
    P = matmul(X, W)
    R = [[p - y for p, y in zip(pr, yr)] for pr, yr in zip(P, Y)]
    J = 0
    for r in R:
        for v in r:
            J += v*v
    J = J / (2*m)
    errors.append(J)
    G = matmul(transpose(X), R)
    for i in range(len(W)):
        for j in range(len(W[0])):
            W[i][j] -= alpha * G[i][j] / m

print('J first', errors[0], 'J last', errors[-1])
print(W)
