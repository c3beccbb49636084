import random

random.seed(1)
sizes = [random.uniform(20, 200) for _ in range(40)]
prices = [3.0 * s + 10 + random.gauss(0, 5) for s in sizes]
slope, offset = 0.0, 0.0

for sweep in range(30):
    slope_push = offset_push = loss = 0.0
    for s, p in zip(sizes, prices):
        error = slope * s + offset - p
        loss += error ** 2 / len(sizes)
        slope_push += 2 * error * s / len(sizes)
        offset_push += 2 * error / len(sizes)
    slope -= 0.01 * slope_push  # expect: step-too-large
    offset -= 0.01 * offset_push
