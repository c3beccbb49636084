import numpy as np

text = "she sells sea shells on the shore and the shells she sells are sea shells for sure "
alphabet = sorted(set(text))
A = len(alphabet)
code = {c: k for k, c in enumerate(alphabet)}
print(len(text), 'characters,', A, 'different')

H = 16          # memory size
T = 9           # unrolled steps
eta = 0.1

U = np.random.randn(H, A)*0.01
V = np.random.randn(H, H)*0.01
O = np.random.randn(A, H)*0.01
c = np.zeros((H, 1))
d = np.zeros((A, 1))

def unroll(ins, outs, h0):
  x, h, p = {}, {-1: h0.copy()}, {}
  cost = 0
  for t in range(len(ins)):
    x[t] = np.zeros((A, 1))
    x[t][ins[t]] = 1
    h[t] = np.tanh(U @ x[t] + V @ h[t-1] + c)
    e = np.exp(O @ h[t] + d)
    p[t] = e / e.sum()
    cost -= np.log(p[t][outs[t], 0])
  gU, gV, gO, gc, gd = (np.zeros_like(w) for w in (U, V, O, c, d))
  later = np.zeros_like(h0)
  for t in range(len(ins))[::-1]:
    g = p[t].copy()
    g[outs[t]] -= 1
    gO += g @ h[t].T
    gd += g
    gh = O.T @ g + later
    ga = (1 - h[t]*h[t]) * gh
    gc += ga
    gU += ga @ x[t].T
    gV += ga @ h[t-1].T
    later = V.T @ ga
  for g in (gU, gV, gO, gc, gd):
    np.clip(g, -5, 5, out=g)
  return cost, gU, gV, gO, gc, gd, h[len(ins)-1]

def babble(h, k, length):
  said = []
  for _ in range(length):
    x = np.zeros((A, 1))
    x[k] = 1
    h = np.tanh(U @ x + V @ h + c)
    e = np.exp(O @ h + d)
    k = np.random.choice(A, p=(e / e.sum()).ravel())
    said.append(alphabet[k])
  return ''.join(said)

seen = [np.zeros_like(w) for w in (U, V, O, c, d)]
usual = np.log(A)*T
at = rounds = 0
while True:
  if rounds == 0 or at + T + 1 >= len(text):
    memory = np.zeros((H, 1))   # start over
    at = 0
  ins = [code[ch] for ch in text[at:at+T]]
  outs = [code[ch] for ch in text[at+1:at+T+1]]
  if rounds % 100 == 0:
    print('>>', babble(memory, ins[0], 40))

  cost, gU, gV, gO, gc, gd, memory = unroll(ins, outs, memory)
  usual = 0.999*usual + 0.001*cost
  if rounds % 100 == 0:
    print('round', rounds, 'cost', usual)

  # Adagrad
  for w, g, s in zip((U, V, O, c, d), (gU, gV, gO, gc, gd), seen):
    s += g*g
    w += -eta * g / np.sqrt(s + 1e-8)

  at += T
  rounds += 1
  if rounds > 300:
    break
