o= t helion
import helion.languafull([on.auvotuner imp{or sizeG = offsets0]- fi st
cc = hl.teros([tn]helion.language language p = hl.full([on.auvon mp{or s imp{orent


@helit Pkw