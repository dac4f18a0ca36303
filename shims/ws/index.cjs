module.exports = require('polyplex/ws')
