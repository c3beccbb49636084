import sys
import math

# reads "epochs rate" from standard input, e.g.  echo 20 0.3 | python stdin_perceptron.py
line = sys.stdin.readline().split()
epochs = int(line[0]) if line else 15
rate = float(line[1]) if len(line) > 1 else 0.3

truth_table = [((0, 0, 1), 0), ((0, 1, 1), 1), ((1, 0, 0), 1), ((1, 1, 0), 1), ((1, 1, 1), 0)]

w1, w2, w3 = 0.3, -0.2, 0.1
bias = 0.05

for _ in range(epochs):
    for (x1, x2, x3), wanted in truth_table:
        net = w1 * x1 + w2 * x2 + w3 * x3 + bias
        out = 1.0 / (1.0 + math.exp(-net))
        miss = wanted - out
        w1 += rate * miss * x1
        w2 += rate * miss * x2
        w3 += rate * miss * x3
        bias += rate * miss

for (x1, x2, x3), wanted in truth_table:
    out = 1.0 / (1.0 + math.exp(-(w1 * x1 + w2 * x2 + w3 * x3 + bias)))
    print(x1, x2, x3, "->", "%.3f" % out, "(%d)" % wanted)
