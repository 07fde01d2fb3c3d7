package espeak

import "strings"

// phoneTable gives the phones of the CMU dictionary for espeak-ng's IPA. What
// English lacks is what an English speaker makes of it.
func phoneTable() map[string][]string {
	table := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(ipaPhones), "\n") {
		ipa, to, _ := strings.Cut(line, "=")
		for _, sign := range strings.Fields(ipa) {
			table[sign] = strings.Fields(to)
		}
	}
	return table
}

const ipaPhones = `
ɑː ɑ a aː ɒ ɐː = AA
æ = AE
ʌ ə ɐ ɘ ɵ = AH
ɔː ɔ oː o̞ = AO
aʊ au = AW
aɪ ai aɪː = AY
ɛ ɛː e œ = EH
ɜː ɜ ɚ ɝ ɜːɹ ɝː ø øː = ER
eɪ eː ei = EY
ɪ ᵻ ɨ ʏ = IH
i iː ɪː y yː = IY
oʊ o əʊ ou = OW
ɔɪ ɔʏ ɔø oɪ = OY
ʊ = UH
u uː ʉ ʉː ɯ = UW
aɪɚ aɪə = AY ER
aʊɚ aʊə = AW ER
ɑːɹ ɑɹ = AA R
ɔːɹ oːɹ ɔɹ oɹ = AO R
ɛɹ eɹ = EH R
ɪɹ = IH R
ʊɹ = UH R
iə = IY AH
əl l̩ = AH L
n̩ ən = AH N
m̩ = AH M
ɑ̃ ɑ̃ː ã = AA N
ɔ̃ ɔ̃ː õ = AO N
ɛ̃ ɛ̃ː œ̃ = AE N
b β = B
tʃ tɕ ʈʂ = CH
d ɖ = D
ð = DH
f ɸ = F
ɡ g ɣ ɢ = G
h ħ ɦ = HH
dʒ dʑ = JH
k x χ ç q c = K
l ɫ ɬ ʎ ɭ = L
m ɱ = M
n ɳ = N
ɲ = N Y
ŋ ɴ = NG
p = P
ɹ r ʁ ʀ ɽ ɻ = R
s = S
ʃ ʂ ɕ = SH
t ʔ ɾ ʈ = T
ts = T S
θ = TH
v ʋ = V
w ʍ ɥ = W
j = Y
z = Z
ʒ ʑ ʐ = ZH
pf = P F
dz = D Z
`
