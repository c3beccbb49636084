import numpy as np

SIDE, KINDS, FILTERS = 14, 4, 6
OUT = SIDE - 2
HALF = OUT // 2
FLAT = HALF * HALF * FILTERS
STEP = 0.001


def paint(how_many):
    """Colour photographs in bytes: a tinted patch in one of four corners over a noisy ground."""
    kinds = np.random.randint(KINDS, size=how_many)
    ground = np.random.normal(110, 25, (how_many, SIDE, SIDE, 3))
    for photo, kind in zip(ground, kinds):
        top, left = 7 * (kind // 2), 7 * (kind % 2)
        photo[top:top + 7, left:left + 7, kind % 3] += 90
    return np.clip(ground, 0, 255).astype(np.uint8), kinds.tolist()


photos, kinds = paint(240)  # expect: unscaled-input

bank = np.random.normal(0, 0.01, size=(3, 3, 3, FILTERS))
shift = np.zeros([FILTERS])
mixer = np.random.uniform(0, 0.1, size=(FLAT, KINDS))
convolved = np.zeros([OUT, OUT, FILTERS])
rectified = np.zeros([OUT, OUT, FILTERS])
pooled = np.zeros([HALF, HALF, FILTERS])
grad_bank = np.zeros_like(bank)
grad_shift = np.zeros_like(shift)
belief = np.zeros([1, KINDS])
flat = np.zeros([1, FLAT])


def normalise(scores):
    scores -= np.max(scores)
    return np.exp(scores) / np.sum(np.exp(scores))


def look(photo):
    global convolved, rectified, pooled, flat, belief
    for f in range(FILTERS):
        for r in range(OUT):
            for c in range(OUT):
                patch = photo[r:r + 3, c:c + 3]
                convolved[r][c][f] = (patch[:, :, 0] * bank[:, :, 0, f]).sum() + \
                    (patch[:, :, 1] * bank[:, :, 1, f]).sum() + (patch[:, :, 2] * bank[:, :, 2, f]).sum()
    convolved += shift
    rectified = np.choose(convolved < 0, (convolved, 0))
    for f in range(FILTERS):
        for r in range(HALF):
            for c in range(HALF):
                pooled[r][c][f] = np.max(rectified[2 * r:2 * r + 2, 2 * c:2 * c + 2, f])
    flat = np.reshape(pooled, (1, FLAT))
    scores = np.dot(flat, mixer)
    belief = normalise(scores)
    return np.argmax(scores)


def learn(photos, kinds):
    global bank, shift, mixer
    right = 0
    for number, photo in enumerate(photos):
        right += look(photo) == kinds[number]
        belief[0][kinds[number]] -= 1
        grad_mixer = np.dot(np.transpose(flat), belief)
        grad_pooled = np.reshape(np.dot(belief, np.transpose(mixer)), (HALF, HALF, FILTERS))
        grad_rectified = np.zeros([OUT, OUT, FILTERS])
        for f in range(FILTERS):
            for r in range(HALF):
                for c in range(HALF):
                    block = rectified[2 * r:2 * r + 2, 2 * c:2 * c + 2, f]
                    dr, dc = divmod(int(np.argmax(block)), 2)
                    grad_rectified[2 * r + dr][2 * c + dc][f] = grad_pooled[r][c][f]
        open_gate = np.choose(convolved >= 0, (0, 1))
        grad_convolved = open_gate * grad_rectified
        for f in range(FILTERS):
            for colour in range(3):
                for dr in range(3):
                    for dc in range(3):
                        window = photo[dr:dr + OUT, dc:dc + OUT, colour]
                        grad_bank[dr, dc, colour, f] = (window * grad_convolved[:, :, f]).sum()
            grad_shift[f] = grad_convolved[:, :, f].sum()
        mixer = mixer - STEP * grad_mixer
        bank = bank - STEP * grad_bank  # expect: step-too-large
        shift = shift - STEP * grad_shift
    return right


for sweep in range(2):
    print("sweep", sweep, "right:", learn(photos, kinds), "of", len(photos))
