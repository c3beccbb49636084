import numpy as np

class ConvStage:
  def __init__(self, count):
    self.count = count
    self.filters = np.random.randn(count, 3, 3) / 9

  def patches(self, picture):
    rows, cols = picture.shape
    for r in range(rows - 2):
      for c in range(cols - 2):
        yield r, c, picture[r:(r + 3), c:(c + 3)]

  def forward(self, picture):
    self.picture = picture
    out = np.zeros((picture.shape[0] - 2, picture.shape[1] - 2, self.count))
    for r, c, patch in self.patches(picture):
      out[r, c] = np.sum(patch * self.filters, axis=(1, 2))
    return out

  def backprop(self, d_out, rate):
    d_filters = np.zeros(self.filters.shape)
    for r, c, patch in self.patches(self.picture):
      for k in range(self.count):
        d_filters[k] += d_out[r, c, k] * patch
    self.filters -= rate * d_filters

class PoolStage:
  def cells(self, maps):
    for r in range(maps.shape[0] // 2):
      for c in range(maps.shape[1] // 2):
        yield r, c, maps[2 * r:2 * r + 2, 2 * c:2 * c + 2]

  def forward(self, maps):
    self.maps = maps
    out = np.zeros((maps.shape[0] // 2, maps.shape[1] // 2, maps.shape[2]))
    for r, c, cell in self.cells(maps):
      out[r, c] = np.amax(cell, axis=(0, 1))
    return out

  def backprop(self, d_out):
    d_maps = np.zeros(self.maps.shape)
    for r, c, cell in self.cells(self.maps):
      best = np.amax(cell, axis=(0, 1))
      for dr in range(2):
        for dc in range(2):
          for k in range(cell.shape[2]):
            if cell[dr, dc, k] == best[k]:
              d_maps[2 * r + dr, 2 * c + dc, k] = d_out[r, c, k]
    return d_maps

class OutputStage:
  def __init__(self, n_in, n_out):
    self.weights = np.random.randn(n_in, n_out) / n_in
    self.biases = np.zeros(n_out)

  def forward(self, maps):
    self.shape = maps.shape
    self.flat = maps.flatten()
    self.totals = np.dot(self.flat, self.weights) + self.biases
    e = np.exp(self.totals)
    return e / np.sum(e, axis=0)

  def backprop(self, d_out, rate):
    # only the entry of the true class is not zero
    for k, g in enumerate(d_out):
      if g == 0:
        continue
      e = np.exp(self.totals)
      total = np.sum(e)
      d_totals = -e[k] * e / (total ** 2)
      d_totals[k] = e[k] * (total - e[k]) / (total ** 2)
      d_totals = g * d_totals
      d_weights = self.flat[np.newaxis].T @ d_totals[np.newaxis]
      d_flat = self.weights @ d_totals
      self.weights -= rate * d_weights
      self.biases -= rate * d_totals
      return d_flat.reshape(self.shape)

def bars(n):
  pictures, kinds = [], []
  for _ in range(n):
    kind = np.random.randint(3)
    picture = np.random.rand(8, 8) * 0.3
    k = np.random.randint(1, 7)
    if kind == 0: picture[k] += 0.7
    elif kind == 1: picture[:, k] += 0.7
    else: picture[range(8), range(8)] += 0.7
    pictures.append(picture)
    kinds.append(kind)
  return np.array(pictures), np.array(kinds)

pictures, kinds = bars(60)
conv = ConvStage(4)
pool = PoolStage()
output = OutputStage(3 * 3 * 4, 3)

def forward(picture, kind):
  out = output.forward(pool.forward(conv.forward(picture - 0.5)))
  loss = -np.log(out[kind])
  return out, loss, int(np.argmax(out) == kind)

def train(picture, kind, rate=.05):
  out, loss, hit = forward(picture, kind)
  g = np.zeros(3)
  g[kind] = -1 / out[kind]
  g = output.backprop(g, rate)
  g = pool.backprop(g)
  conv.backprop(g, rate)
  return loss, hit

for epoch in range(2):
  order = np.random.permutation(len(pictures))
  lost = 0
  hits = 0
  for i, k in enumerate(order):
    l, hit = train(pictures[k], kinds[k])
    lost += l
    hits += hit
    if i % 20 == 19:
      print('epoch', epoch, 'picture', i + 1, 'loss', lost / 20, 'hits', hits)
      lost = 0
      hits = 0
