"""Recover damping, stiffness and the start angle of a pendulum from noisy angles (adjoint of explicit Euler)."""
import math
import random

DT = 0.05
STEPS = 60


def simulate(damping, stiffness, angle0):
    angle, speed = angle0, 0.0
    path = [(angle, speed)]
    for _ in range(STEPS):
        accel = -stiffness * math.sin(angle) - damping * speed
        angle, speed = angle + DT * speed, speed + DT * accel
        path.append((angle, speed))
    return path


random.seed(99)
measured = [a + random.gauss(0, 0.01) for a, _ in simulate(0.4, 5.0, 1.1)]


class Fit:
    damping = 0.1
    stiffness = 4.0
    angle0 = 0.9


fit = Fit()
lr = {"damping": 0.2, "stiffness": 0.6, "angle0": 0.02}

for iteration in range(80):
    path = simulate(fit.damping, fit.stiffness, fit.angle0)
    misfit = sum((a - m) ** 2 for (a, _), m in zip(path, measured)) / len(measured)

    lam_angle = lam_speed = 0.0
    g_damping = g_stiffness = 0.0
    for k in range(STEPS, 0, -1):
        lam_angle += 2 * (path[k][0] - measured[k]) / len(measured)
        angle, speed = path[k - 1]
        g_damping += lam_speed * DT * -speed
        g_stiffness += lam_speed * DT * -math.sin(angle)
        lam_angle, lam_speed = (
            lam_angle - lam_speed * DT * fit.stiffness * math.cos(angle),
            lam_angle * DT + lam_speed * (1 - DT * fit.damping),
        )
    g_angle0 = lam_angle + 2 * (path[0][0] - measured[0]) / len(measured)

    fit.damping -= lr["damping"] * g_damping
    fit.stiffness -= lr["stiffness"] * g_stiffness
    fit.angle0 -= lr["angle0"] * g_angle0
    if iteration % 20 == 0:
        print("%3d misfit %.6f  c=%.3f k=%.3f a0=%.3f" % (iteration, misfit, fit.damping, fit.stiffness, fit.angle0))
