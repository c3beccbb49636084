import numpy as np


def im2col(pictures, fh, fw, stride=1, pad=0):
    n, c, h, w = pictures.shape
    out_h = (h + 2 * pad - fh) // stride + 1
    out_w = (w + 2 * pad - fw) // stride + 1
    padded = np.pad(pictures, [(0, 0), (0, 0), (pad, pad), (pad, pad)], 'constant')
    col = np.zeros((n, c, fh, fw, out_h, out_w))
    for y in range(fh):
        y_end = y + stride * out_h
        for x in range(fw):
            x_end = x + stride * out_w
            col[:, :, y, x, :, :] = padded[:, :, y:y_end:stride, x:x_end:stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(n * out_h * out_w, -1)


def col2im(col, shape, fh, fw, stride=1, pad=0):
    n, c, h, w = shape
    out_h = (h + 2 * pad - fh) // stride + 1
    out_w = (w + 2 * pad - fw) // stride + 1
    col = col.reshape(n, out_h, out_w, c, fh, fw).transpose(0, 3, 4, 5, 1, 2)
    padded = np.zeros((n, c, h + 2 * pad + stride - 1, w + 2 * pad + stride - 1))
    for y in range(fh):
        y_end = y + stride * out_h
        for x in range(fw):
            x_end = x + stride * out_w
            padded[:, :, y:y_end:stride, x:x_end:stride] += col[:, :, y, x, :, :]
    return padded[:, :, pad:h + pad, pad:w + pad]
