# options: function=s x.2B/
iions: fuh
imppoln=en
i
de