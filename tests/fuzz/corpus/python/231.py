# opes x.0=3 x.2s x.0=3 x.2=8
imps: funcustome_op.h
impoptfunh
imio# opes x.0=3 x.2=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imions: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imio# opes x.0=3 x.2=funh
impion= funh
miions: funh
lmiions: funh
lns: funh
impion= funh
nh
imions: funh
impoptimpoptfunh
imions: funh
impion= funh
miions: funh
lmiions=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imio# opes x.0=3 x.2=8
impocustome_op.ptions: funh
imions: funh
impoptfunh
imions: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns: funh
impion= funh
nh
imions: funh
impoptfunh
imionmpoptfunh
imions: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
lns: funh
impion= funh
nh
imions: funh
impoptfunh
imions: funh
impion= funh
miions: funh
lmiions: funh
l