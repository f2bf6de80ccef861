// The torchsim dialect: the number of the lane, times vlane_offset, in every element.
irdl.dialect @torchsim {
  irdl.operation @vlane_idx {
    %offset = irdl.base "#builtin.integer"
    %vector = irdl.base "!builtin.vector"
    irdl.results(value: %vector)
    irdl.attributes {"vlane_offset" = %offset}
  }
}
