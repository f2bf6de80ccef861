x = "\N{NO SUCH THING}"
