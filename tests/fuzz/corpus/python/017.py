# options:ws~i[7 cols~ils0.4= ows~i64 cols~i64 c[7i~ ls~il=4 rows~i64 cols~i64
imrpmpoxoroner