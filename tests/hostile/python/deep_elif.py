import torch
import helion
import helion.language as hl

@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    if False:
        n = 0
    elif 0 == 200:
        n = 0
    elif 1 == 200:
        n = 1
    elif 2 == 200:
        n = 2
    elif 3 == 200:
        n = 3
    elif 4 == 200:
        n = 4
    elif 5 == 200:
        n = 5
    elif 6 == 200:
        n = 6
    elif 7 == 200:
        n = 7
    elif 8 == 200:
        n = 8
    elif 9 == 200:
        n = 9
    elif 10 == 200:
        n = 10
    elif 11 == 200:
        n = 11
    elif 12 == 200:
        n = 12
    elif 13 == 200:
        n = 13
    elif 14 == 200:
        n = 14
    elif 15 == 200:
        n = 15
    elif 16 == 200:
        n = 16
    elif 17 == 200:
        n = 17
    elif 18 == 200:
        n = 18
    elif 19 == 200:
        n = 19
    elif 20 == 200:
        n = 20
    elif 21 == 200:
        n = 21
    elif 22 == 200:
        n = 22
    elif 23 == 200:
        n = 23
    elif 24 == 200:
        n = 24
    elif 25 == 200:
        n = 25
    elif 26 == 200:
        n = 26
    elif 27 == 200:
        n = 27
    elif 28 == 200:
        n = 28
    elif 29 == 200:
        n = 29
    elif 30 == 200:
        n = 30
    elif 31 == 200:
        n = 31
    elif 32 == 200:
        n = 32
    elif 33 == 200:
        n = 33
    elif 34 == 200:
        n = 34
    elif 35 == 200:
        n = 35
    elif 36 == 200:
        n = 36
    elif 37 == 200:
        n = 37
    elif 38 == 200:
        n = 38
    elif 39 == 200:
        n = 39
    elif 40 == 200:
        n = 40
    elif 41 == 200:
        n = 41
    elif 42 == 200:
        n = 42
    elif 43 == 200:
        n = 43
    elif 44 == 200:
        n = 44
    elif 45 == 200:
        n = 45
    elif 46 == 200:
        n = 46
    elif 47 == 200:
        n = 47
    elif 48 == 200:
        n = 48
    elif 49 == 200:
        n = 49
    elif 50 == 200:
        n = 50
    elif 51 == 200:
        n = 51
    elif 52 == 200:
        n = 52
    elif 53 == 200:
        n = 53
    elif 54 == 200:
        n = 54
    elif 55 == 200:
        n = 55
    elif 56 == 200:
        n = 56
    elif 57 == 200:
        n = 57
    elif 58 == 200:
        n = 58
    elif 59 == 200:
        n = 59
    elif 60 == 200:
        n = 60
    elif 61 == 200:
        n = 61
    elif 62 == 200:
        n = 62
    elif 63 == 200:
        n = 63
    elif 64 == 200:
        n = 64
    elif 65 == 200:
        n = 65
    elif 66 == 200:
        n = 66
    elif 67 == 200:
        n = 67
    elif 68 == 200:
        n = 68
    elif 69 == 200:
        n = 69
    elif 70 == 200:
        n = 70
    elif 71 == 200:
        n = 71
    elif 72 == 200:
        n = 72
    elif 73 == 200:
        n = 73
    elif 74 == 200:
        n = 74
    elif 75 == 200:
        n = 75
    elif 76 == 200:
        n = 76
    elif 77 == 200:
        n = 77
    elif 78 == 200:
        n = 78
    elif 79 == 200:
        n = 79
    elif 80 == 200:
        n = 80
    elif 81 == 200:
        n = 81
    elif 82 == 200:
        n = 82
    elif 83 == 200:
        n = 83
    elif 84 == 200:
        n = 84
    elif 85 == 200:
        n = 85
    elif 86 == 200:
        n = 86
    elif 87 == 200:
        n = 87
    elif 88 == 200:
        n = 88
    elif 89 == 200:
        n = 89
    elif 90 == 200:
        n = 90
    elif 91 == 200:
        n = 91
    elif 92 == 200:
        n = 92
    elif 93 == 200:
        n = 93
    elif 94 == 200:
        n = 94
    elif 95 == 200:
        n = 95
    elif 96 == 200:
        n = 96
    elif 97 == 200:
        n = 97
    elif 98 == 200:
        n = 98
    elif 99 == 200:
        n = 99
    else:
        n = 1
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
