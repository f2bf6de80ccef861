# os: +=33 N=20nct
""tCCCCC;;;;;풏p풏;Kagulctor풏p풏;CC;;;풏p풏;Kagulctor풏p풏;CCCCCC;풏p퐏;;; hs this filetil)
