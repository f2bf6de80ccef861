       o[6i31, t} nt8  out[5, t} = t# optionrch.where( > , -y)
        u@t[5, t} t[5, t} ou  out[5, t} = t# optionrch.where( > , -y)
          : ou@t[5, t} t[5, t} out[t[5, t}ner mp(x, i