import numpy as np
import matplotlib.pyplot as plt

# three-joint arm: find the angles by following the transposed Jacobian
lengths = np.array([1.0, 0.7, 0.4])
angles = np.array([0.3, 0.4, 0.5])
goal = np.array([-0.6, 1.3])
trail = []

steps = 0
while True:
    cumulative = np.cumsum(angles)
    x = np.sum(lengths * np.cos(cumulative))
    y = np.sum(lengths * np.sin(cumulative))
    trail.append((x, y))
    miss = goal - np.array([x, y])

    reach = np.stack([-lengths * np.sin(cumulative), lengths * np.cos(cumulative)])
    jacobian = np.cumsum(reach[:, ::-1], axis=1)[:, ::-1]
    angles += 0.1 * jacobian.T @ miss

    steps += 1
    if np.hypot(*miss) < 1e-3 or steps == 300:
        break

print("steps", steps, "angles", np.degrees(angles).round(1), "hand", trail[-1])
plt.plot(*zip(*trail), '.-')
plt.plot(*goal, 'rx')
plt.axis('equal')
plt.show()
