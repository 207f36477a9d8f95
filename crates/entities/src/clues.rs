//! The words beside a number that say what the number is ("pedido", "cpf", "ligar").
//!
//! Every token is looked up once; extractors then only compare bits.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// A set of things that a word may announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Clue(u32);

impl Clue {
    /// May stand between a clue and what it announces.
    pub(crate) const FILLER: Self = Self(1);
    pub(crate) const PHONE: Self = Self(1 << 1);
    pub(crate) const ORDER: Self = Self(1 << 2);
    pub(crate) const TRACKING: Self = Self(1 << 3);
    pub(crate) const CPF: Self = Self(1 << 4);
    pub(crate) const CNPJ: Self = Self(1 << 5);
    pub(crate) const TAX: Self = Self(1 << 6);
    pub(crate) const PIX: Self = Self(1 << 7);
    pub(crate) const CARD: Self = Self(1 << 8);
    pub(crate) const POSTAL: Self = Self(1 << 9);
    pub(crate) const CODE: Self = Self(1 << 10);
    pub(crate) const COUPON: Self = Self(1 << 11);
    pub(crate) const PRICE: Self = Self(1 << 12);
    pub(crate) const SIZE: Self = Self(1 << 13);
    /// Announces a number of which no extractor knows more: an account, a protocol, a licence.
    pub(crate) const ACCOUNT: Self = Self(1 << 14);

    pub(crate) fn of(folded: &str) -> Self {
        WORDS.get(folded).copied().unwrap_or_default()
    }

    pub(crate) fn is(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

static WORDS: LazyLock<FxHashMap<&'static str, Clue>> = LazyLock::new(|| {
    let mut words: FxHashMap<&'static str, Clue> = FxHashMap::default();
    for (clue, list) in LISTS {
        for word in list.split_whitespace() {
            let entry = words.entry(word).or_default();
            *entry = entry.or(*clue);
        }
    }
    words
});

/// Words as [`crate::scan::fold`] leaves them, in Portuguese, Spanish and English.
const LISTS: &[(Clue, &str)] = &[
    (
        Clue::FILLER,
        ": # - = ( . º ° * \" ' “ > n no nº nro num numero number numeros numbers cod codigo code id o a \
         os as \
         do da de dos das e eh foi era sera meu minha meus seu sua teu tua esse essa este esta isso com \
         para pra \
         pro por em ta tah segue aqui novo nova el la los las del al mi mis su tu es fue ese esa con en \
         the my your \
         his her its is was of for with this it s under at on to me ao in um una uma here que and y atual \
         fixo \
         favor chave atendimento atencion suporte soporte uns umas unos cerca quase about around produto \
         producto product item fiscal eletronica electronica registrado cadastrado registered primary new \
         correto certo completo feito realizado termina \
         final seria pelo pela nosso nossa nuestra nuestro our anterior ultimo ultima last",
    ),
    (
        Clue::PHONE,
        "telefone telefones fone fones tel tels cel celular celulares whatsapp whats wpp wapp zap zapp \
         zapzap \
         ligar liga ligue ligo ligaram chama chame chamar contato telefono telefonos movil fijo llamar llama \
         llame llamame llamenme contacto phone phones telephone cell cellphone mobile mob call calling \
         fax office messages mensagens mensajes message text \
         reach contact desk dial ramal sms numero number whatsap wsp guasap ring enter hotline registered",
    ),
    (
        Clue::ORDER,
        "pedido pedidos encomenda encomendas compra compras ordem orden ordenes order orders purchase po \
         protocolo ticket chamado reserva booking reservation nf nfe nota fatura factura invoice ocorrencia \
         pedid solicitud folio venda",
    ),
    (
        Clue::TRACKING,
        "rastreio rastreamento rastrear rastreo rastrea rastreando seguimiento tracking track correios \
         guia guide \
         shipment awb objeto envio localizador remessa jadlog loggi sedex pac dhl fedex ups",
    ),
    (Clue::CPF, "cpf"),
    (Clue::CNPJ, "cnpj"),
    (
        Clue::TAX,
        "rfc curp cuit cuil rut run nit ruc cedula dni nif nie cif rnc ssn contribuinte contribuyente tax \
         ein \
         itin vat identificacion identidad documento dui dpi",
    ),
    (Clue::PIX, "pix"),
    (
        Clue::CARD,
        "cartao cartoes tarjeta tarjetas card cards visa master mastercard elo amex express hipercard \
         credito \
         debito credit debit maestro",
    ),
    (Clue::POSTAL, "cep cp zip zipcode postal postcode postales ceps"),
    (
        Clue::CODE,
        "codigo cod code codigos codes sku ref referencia reference modelo model serie serial lote ean token",
    ),
    (
        Clue::COUPON,
        "cupom cupon cupons cupones coupon coupons voucher vale promo promocode desconto descuento \
         promocional",
    ),
    (
        Clue::PRICE,
        "valor preco custa custou custava paguei pagar pago pagou cobrou cobraram cobrado precio cuesta \
         costo \
         pague price cost costs paid total sai saiu vale frete troco cambio entrada parcela parcelas",
    ),
    (Clue::SIZE, "tamanho tam numeracao talla talle size sz numero calco calca calzo"),
    (
        Clue::ACCOUNT,
        "conta cuenta account corrente corriente poupanca bancaria bancario agencia agency banco bank rg \
         cnh passaporte pasaporte passport license licence \
         licencia matricula placa plate chassi renavam iban isbn boleto barras senha contrasena password \
         pin otp \
         verificacao verification verificacion",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_may_announce_more_than_one_thing() {
        let word = Clue::of("numero");
        assert!(word.is(Clue::FILLER) && word.is(Clue::PHONE) && word.is(Clue::SIZE));
        assert!(!Clue::of("camisa").is(Clue::FILLER));
    }
}
