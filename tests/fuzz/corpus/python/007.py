# options: dtype=torch.f, dtype=torch.l
