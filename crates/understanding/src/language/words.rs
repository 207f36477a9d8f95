//! Frequent words, written down by hand: the most frequent first, with their accents.
//!
//! The place in the list stands for the frequency (Zipf's law), so order matters roughly, not
//! exactly. Chat spellings and words of customer service come after the grammar words.

pub(super) const PORTUGUESE: &str = "
de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou
ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas
me esse eles estão você tinha foram essa num nem suas meu às minha têm numa pelos elas havia seja qual será nós
tenho lhe deles essas esses pelas este fosse dele tu te vocês vos lhes meus minhas teu tua nosso nossa nossos nossas
dela delas esta estes estas aquele aquela aqueles aquelas isto aquilo estou estamos estive esteve estivemos estava
são somos fui era eram fora ser sou vou vai vamos vão pode posso podem poder fazer faz feito faço fez quero quer
queria gostaria preciso precisa ainda agora aqui ali lá onde porque porquê então assim bem bom boa dia noite tarde
obrigado obrigada olá oi sim tudo nada alguém ninguém cada outro outra outros outras todo toda todos todas sobre
contra desde durante sob apenas após antes ontem hoje amanhã ano anos vez vezes tempo coisa gente pessoa pessoas casa
vida mundo homem mulher parte lugar dois duas três quatro cinco seis sete oito nove dez primeiro primeira novo nova
grande melhor maior menos pouco tanto muita muitos muitas qualquer algum alguma alguns algumas nenhum nenhuma
disse deve devem dar dizer ver ir vir saber ficar passar chegar deixar parecer encontrar acontecer começar
pedido entrega pagamento cartão boleto pix frete prazo loja produto compra comprei comprar chegou chegar recebi
receber enviar enviado troca trocar devolução devolver reembolso cancelar cancelamento conta senha cadastro nota
fiscal valor preço desconto cupom estoque tamanho atendente atendimento ajuda ajudar horário abre fecha funciona
endereço rastreio rastrear código número telefone celular dinheiro cadê quanto quantos custa qual quais quero
vc vcs tb tbm pq blz obg vlw msm hj qdo qnd td tds cmg ctg mto mt dps agr né tá tô pra pro pras pros cara aí daí
gostei adorei péssimo ótimo ótima ruim boas bons minha moça moço senhor senhora tchau abraço favor gentileza por
consigo conseguiu conseguir tem tinham vieram veio vem meia errado errada quebrado quebrado defeito chegando
ontem semana mês segunda terça quarta quinta sexta sábado domingo janeiro fevereiro março maio junho julho
setembro outubro dezembro através enquanto embora porém portanto segundo além ademais conforme governo estado país
cidade presidente empresa trabalho milhões problema forma caso grupo sistema água rua mãe pai filho filha irmão
falar falei fala falando olha ouvir pensar achar acho achei sei sabe sabia saiu entrar entrou levar levou trazer
ficou fica ficam seria teria pois nunca sempre talvez quase tão cá ora logo cerca dentro longe perto junto
brasil português portuguesa brasileira brasileiro lisboa portugal euros reais segurança informação informações
saúde educação situação direito questão comissão europeia senhores deputados relatório ministro milhão
";

pub(super) const SPANISH: &str = "
de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre
este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué sólo han yo
hay vez puede todos así nos ni parte tiene él uno donde bien tiempo mismo ese ahora cada vida otro después te otros
aunque esa eso hace otra gobierno tan durante siempre día tanto ella tres sí dijo sido gran país según menos mundo
año antes estado quiero quisiera quieren quiere puedo puedes pueden podría hacer tengo tienes tienen tenía están
estoy estás estamos estaba eres soy somos fueron usted ustedes ellos ellas nosotros nosotras mío mía tu tus tuyo
nuestro nuestra nuestros nuestras vosotros vuestro cual cuál cuánto cuánta cuántos cuántas cómo dónde quién quiénes
cuándo aquí allí allá ahí hoy ayer mañana noche tarde buenos buenas bueno buena gracias hola adiós señor señora favor
nada nadie algo alguien alguno alguna algunos algunas ningún ninguna ninguno otras muchas muchos mucho mucha poco
pocos mejor peor mayor menor grande nuevo nueva primer primera primero segundo cosa cosas hombre mujer gente persona
personas casa ciudad lugar trabajo semana mes lunes martes miércoles jueves viernes sábado domingo enero febrero
marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre cuatro cinco seis siete ocho nueve diez
pedido envío entrega pago tarjeta precio descuento tienda producto compra compré comprar llegó llegar recibí recibir
enviar enviado cambio cambiar devolución devolver reembolso cancelar cancelación cuenta contraseña factura talla
agente ayuda ayudar horario abren cierran funciona dirección rastreo seguimiento código número teléfono celular
dinero cuesta vale necesito necesita gustaría hablar hablo dime dónde llega todavía aún tampoco además mientras
entonces pues luego pronto nunca jamás quizás tal vez casi apenas cerca lejos dentro fuera encima debajo contra bajo
hacia mediante ante tras xq pq tmb tmbn q k xfa porfa porfis grax ok vale dale bno ntp hla salu2 msj finde
hizo hacen haciendo haya hubo hemos he has siendo sea sean será serán sería fuera fuese ir voy vas va vamos van
iba dar da dan doy dio decir dice dicen ver veo vi visto saber sé sabe sabes creo cree llamar llama poder deber debe
deben seguir sigue encontrar quedar queda parece pasar pasa pasado dejar dejó llevar lleva venir viene salir sale
volver vuelve tomar conocer vivir sentir tratar mirar contar empezar esperar buscar existir entrar trabajar escribir
perder producir ocurrir entender pedir roto rota equivocado mal malo mala pésimo excelente buenísimo chévere
millones presidente empresa problema forma caso grupo sistema agua calle madre padre hijo hija hermano español
española madrid méxico argentina euros pesos seguridad información salud educación situación derecho cuestión
comisión europea señorías diputados informe ministro nacional mundial política económica aquellos aquella aquel
nuestra ello les os esto estos estas esos esas cuyo cuya donde quienes cual cuales mis sino ahora dicho niños
";

pub(super) const ENGLISH: &str = "
the of and to a in is it you that he was for on are with as i his they be at one have this from or had by not but
what all were we when your can said there an which she do their if will up other about out many then them these so
some her would make like him into has more two go see no way could my than been who its now did get come made may
part over new after most also our very just where much before right too any same tell does set want well even such
because here why ask went need try us again how am me don't can't won't i'm it's i've didn't doesn't isn't wasn't
aren't haven't that's you're they're we're let's yes ok okay hi hello hey thanks thank please sorry good morning
afternoon evening night bye help day days week month year time people man woman thing place work life world house
home school family hand great little long first last own old big high small large next early young important few
public bad able between never always often still while since until during without against under through around
down off being those both each only himself herself themselves yourself myself should must might shall cannot every
something anything nothing everything someone anyone nobody everybody another whose whom though although however
therefore perhaps maybe really actually already yet ever today tomorrow yesterday monday tuesday wednesday thursday
friday saturday sunday january february march june july august september october november december three four five
six seven eight nine ten hundred thousand million order orders delivery deliver delivered shipping shipped ship
payment pay paid card price cost costs how much discount store shop product purchase bought buy buying arrived
arrive receive received return returns exchange refund refunded cancel account password invoice receipt size agent
human support customer service hours open close opening address tracking track code number phone money late broken
wrong missing damaged item items package parcel box website app where's when's what's who's there's got getting
looking trying waiting using going doing having making told call called email send sent change changed check work
working works know think thought see saw say says take took give gave find found feel keep kept left put mean means
thx thnx pls plz u ur r lol idk btw asap im ive dont cant wont didnt doesnt isnt wanna gonna gotta ya yeah yep nope
cool awesome terrible awful nice love hate guy guys sir madam mr mrs government president company state country city
problem question case group system water street mother father son daughter brother english american british states
united university national international business market percent economy according including among within upon
toward towards less least enough almost quite rather else instead further once together away back near far above
below behind later soon ago their theirs ours yours whether which either neither nor per via
";

/// Grammar words of languages that could be taken for one of ours: French, Italian, German, Dutch,
/// Catalan, Romanian, Latin, Esperanto, Basque. Words shared with ours count only as much as their
/// place says.
pub(super) const OTHERS: &str = "
le les des et est une dans qui pas sur avec au ce il je vous nous ne du plus pour par son sont cette mais ou leur
elle aux ses être fait tout bien c'est j'ai n'est été très même deux avait comme après sans lui votre notre où
bonjour merci oui monsieur madame commande livraison
di che il è non per un una sono con del della dei delle gli nel nella alla più anche come ma questo questa ho ha
degli dal dalla sul sulla essere stato perché quando molto tutti ancora grazie buongiorno cosa ciao ci si lo suo
hanno anno anni stata alle agli nei delle negli loro noi voi cui due dopo già
der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass
sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch
ich wir ihr mein kein guten tag danke bitte wo warum wenn kann muss sehr
het van een dat niet ik ze zijn op aan met voor maar om hem dan zou wat mijn men dit zo door ook naar heb hoe heeft
hebben deze goed worden wordt nog bij uit
els amb per més dels als aquest aquesta són va tots molt fins també anys nou hi ha dues seva seu ser estat entre
això però sense quan havia aquests vaig puc fer què li us si pel pels tot tota tres després gran part barcelona
și în nu este la cu pe din care mai sau sunt fi fost de că dar după când fără toate acest această cele sa lui ei
ale lor prin până spre foarte sunt avea poate acum trebuie într dintre pentru
et in non ad cum ut quod est sed ab ex atque per quae qui quam sunt esse aut nec enim etiam erat ne hoc si autem
quo inter eius eum tamen ille post quoque ac neque
la de kaj en al ne estas ĝi mi ke li por ili kun el estis ĉi tiu kiu pri oni sed ankaŭ kiel vi ni ĝis tio aŭ pli
post jam ĉe sur ŝi ili per tre nur ties iu ĉiuj unu du
eta da ez du bat dute ere zen dira izan baina zuen egin den dela zuten bere hori beste ziren baino hau edo behar
egiten nahi dago oso daude urte dituzte arte zer gero ari bai haren
";
