//! Words that carry nothing, words that mean the same, words that ask rather than name.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::stem::stem;

/// Grammar words of three languages, folded; also courtesy and chat abbreviations.
const STOP_WORDS: &str = "
a o e de da do das dos em no na nos nas um uma uns umas para pra pro por pelo pela com sem que se os as ao aos
eu tu ele ela nos voce voces vc vcs eles elas me te lhe meu minha meus minhas seu sua seus suas teu tua nosso
nossa esse essa isso este esta isto aquele aquela aquilo ser sou e eh sao era foi esta estao estou tem tenho ter
tinha ha vai vou ir pode posso podem fazer faz faco quero queria gostaria preciso saber me diz dizer favor ola oi
ja mais muito ai la aqui ou mas como qual quais quando onde quem porque pq q tb tambem nao sim so ate sobre
bom boa dia tarde noite obrigado obrigada tudo bem ei gente moca moco deu da dar consigo
el la los las y o un una unos unas del al en con por para que se lo le les su sus mi mis tu tus yo usted ustedes
nos es son fue ser estar esta estan hay tiene tienen tengo puede puedo pueden quiero quisiera necesito hacer hace
hola buenos buenas dias tardes noches gracias porfavor porfa como cual cuales cuando donde quien porque si no ya
mas muy este esta esto ese esa eso hasta desde sin sobre algun alguna
the a an of to in is it i you he she we they me my your our their his her its and or but if on at by for with
from this that these those am are was were be been do does did done have has had can could would will shall
should may might must not no yes so as what which who whom whose when where why how there here just please hi
hello hey thanks thank good morning afternoon evening night want need like know get got some any im ive dont
us them then than too also
";

/// Each line is one meaning, in any language. Words are stemmed when the table is read.
const SYNONYMS: &str = "
entrega entregar frete envio enviar remessa despacho chegar chega llegar llega llegada arrive shipping ship shipped shipment delivery deliver
prazo demora demorar tarda tardar plazo long tempo tiempo time takes
horario horarios hora horas abre abrem abrir aberto abierto abren fecha fecham cerrar cierran funcionamento atendem open opening close closing hours
pagamento pagar pago pagos pay payment payments paying
cartao cartoes tarjeta tarjetas card cards credito credit debito debit
pix transferencia transfer
troca trocar cambio cambiar cambios devolucao devolver devolucion devoluciones return returns exchange
reembolso reembolsar estorno estornar refund refunds dinero dinheiro money
cancelar cancelamento cancelacion cancel cancellation desistir anular
preco precos valor valores custa custam custo precio precios cuesta cuestan vale costo price prices cost costs much
desconto descontos cupom promocao descuento descuentos cupon promocion discount coupon promo
rastrear rastreio rastreamento seguimiento rastreo track tracking status
pedido pedidos compra encomenda order orders orden purchase
endereco localizacao fica direccion ubicacion ubicados address location located
loja lojas tienda tiendas store stores shop sucursal filial
tamanho tamanhos medida medidas talla tallas talle size sizes
estoque disponivel disponibilidade disponible stock available availability
garantia warranty guarantee
nota fiscal factura facturas invoice receipt recibo comprovante comprobante
senha contrasena password clave
conta cuenta account cadastro registro
atendente atendimento humano pessoa persona agente asesor agent human representative person
telefone telefono phone contato contacto contact numero
defeito defeituoso quebrado quebrada estragado danificado defecto roto danado broken damaged defective
presente regalo gift
parcelar parcela parcelas parcelamento cuotas cuota installments installment vezes
retirar retirada recoger recogida pickup collect
atacado mayorista mayoreo wholesale
";

static STOP: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// Stem to the name of its group, which begins with `#` so that no word equals it.
static GROUPS: LazyLock<FxHashMap<String, String>> = LazyLock::new(|| {
    let mut groups = FxHashMap::default();
    for line in SYNONYMS.lines().filter(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap_or_default();
        for word in line.split_whitespace() {
            groups.entry(stem(word)).or_insert_with(|| format!("#{name}"));
        }
    }
    groups
});

/// Words of so general a meaning that they help to choose but say little alone.
static GENERAL: LazyLock<FxHashSet<String>> = LazyLock::new(|| {
    let words = "quanto quanta quantos cuanto cuanta cuantos much many tempo tiempo time long take takes produto \
                 produtos producto productos product products item items coisa cosa thing loja tienda store shop \
                 valor compra comprar buy informacao informacion information duvida ajuda ayuda help hora horas";
    words.split_whitespace().map(stem).collect()
});

pub(super) fn is_stop_word(folded: &str) -> bool {
    STOP.contains(folded)
}

/// The group of a stem, if it has synonyms.
pub(super) fn synonym_group(stem: &str) -> Option<&'static str> {
    GROUPS.get(stem).map(String::as_str)
}

/// How much a stem counts beside its rarity.
pub(super) fn importance(stem: &str) -> f32 {
    if GENERAL.contains(stem) { 0.4 } else { 1.0 }
}
