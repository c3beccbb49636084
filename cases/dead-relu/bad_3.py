import numpy as np

rng = np.random.default_rng(6)
images = rng.uniform(0, 4, size=(40, 12, 12))
marks = rng.normal(size=40) - 6
kernel = rng.normal(size=(3, 3)) * 0.2
shift = np.zeros(1)
readout = np.abs(rng.normal(size=(10, 10))) * 0.2


def slide(image, kernel):
    out = np.zeros((10, 10))
    for r in range(3):
        for c in range(3):
            out += kernel[r, c] * image[r:r + 10, c:c + 10]
    return out


for image, mark in zip(images, marks):
    z = slide(image, kernel) + shift
    a = z * (z > 0)  # expect: dead-relu
    guess = np.sum(a * readout)
    loss = 0.5 * (guess - mark) ** 2
    d = guess - mark
    dz = d * readout * (z > 0)
    dk = np.array([[np.sum(dz * image[r:r + 10, c:c + 10]) for c in range(3)] for r in range(3)])
    readout = readout - 0.001 * d * a
    kernel = kernel - 0.01 * dk
    shift = shift - 0.01 * dz.sum()
