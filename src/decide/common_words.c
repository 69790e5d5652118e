/*
 * common_words.c - see common_words.h.
 *
 * Articles, pronouns, particles, auxiliaries, and what people ask with. A word
 * that names a thing in one of the other languages is left out ("man", "door").
 */
#include "decide/common_words.h"

#include <stdlib.h>

#include "base/str.h"
#include "decide/tokens.h"

static const char *const lists[] = {
    /* English */
    "i me my mine we our us you your he him his she her it its they them their "
    "this that these those a an the and or but if so as of at by for with from "
    "to in on up out about into over than then am is are was were be been "
    "being do does did done have has had can could will would shall should may "
    "might must not no yes please thanks what which who whom whose when where "
    "why how any some all both each more most much many other such only just "
    "also too very there here now need want help get give tell know find like "
    "make let use using im id ive dont cant whats",
    /* German */
    "ich mich mir mein meine meinen du dich dir dein wir uns unser ihr euch er "
    "ihn ihm sie es der die das den dem des ein eine einen einem einer und "
    "oder "
    "aber wenn dass weil als von zu zum zur mit nach bei aus auf in im an am "
    "ist sind bin bist war waren sein haben habe hast wird werden kann kannst "
    "soll sollte muss nicht kein keine ja nein bitte was wer wie wo wann warum "
    "welche welcher auch nur noch schon sehr hier dort jetzt mal doch gib zeig",
    /* French */
    "je me moi mon ma mes tu te toi ton ta tes il elle on nous notre nos vous "
    "votre vos ils elles leur le la les un une des du de et ou mais si que qui "
    "quoi dans en sur avec pour par est sont suis es sommes ont ai avons avez "
    "ce cet cette ces ne pas non oui comment quand quel quelle pourquoi y au "
    "aux "
    "plus aussi peux peut veux faire svp merci",
    /* Spanish */
    "yo mi mis me tu tus te el ella lo la los las un una unos unas de del y o "
    "pero si que quien como cuando donde por para con en al a es son soy eres "
    "esta este esto estos estas ese esa hay ha han he tengo tiene puedo puede "
    "quiero necesito no nos se su sus le les mas muy ya favor gracias",
    /* Portuguese */
    "eu meu minha meus voce seu sua seus o os as um uma uns umas do da dos das "
    "no na nos nas e ou mas se que quem como quando onde por para com em ao um "
    "sou esta isso este essa tem tenho posso pode quero preciso nao sim muito",
    /* Italian */
    "io mio mia miei tuo tua lui lei noi voi loro il lo gli i le un uno una di "
    "del della dei e o ma se che chi cosa quando dove per con in su da al non "
    "sono sei siamo ho hai ha questo questa quello puoi posso voglio si piu",
    /* Dutch */
    "ik mij mijn jij je jouw wij ons onze hij zij het de een en of maar als "
    "dat "
    "die dit van naar met voor bij uit op te zijn ben bent was heb hebt heeft "
    "kan kun moet wil niet geen ja nee wat wie waar wanneer waarom hoe ook nog",
    /* Polish */
    "ja mnie moj moja ty ci cie on ona to ten ta te i lub ale jak jest byc mam "
    "ma nie tak co kto gdzie kiedy dlaczego czy na do od za po z w we sie "
    "prosze",
    /* Swedish, Danish, Norwegian */
    "jag mig min mitt mina du dig din vi oss han hon den det en ett och eller "
    "men om att som av till med hos ut er var har kan ska vill inte jeg mig "
    "min "
    "mit og eller men hvis fra ikke hvad hva hvem hvor hvordan vad vem hur",
    /* Turkish */
    "ben bana benim sen sana senin biz siz bir bu su o ve veya ama ile icin mi "
    "ne nasil neden kim var yok degil evet",
    /* Russian */
    "я меня мне мой моя мы нас нам ты тебе вы вас вам он она они его её их это "
    "этот эта и или но если что кто где когда почему как не нет да на в с к по "
    "из за от для у о же ли бы есть был быть можно нужно надо пожалуйста",
};

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void common_words_init(struct common_words *words)
{
    words->count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct str rest = str_of(lists[i]);
        struct str word;
        while (words->count < COMMON_WORDS_MAX && str_split(&rest, ' ', &word))
            if (word.size > 0)
                words->hashes[words->count++] = tokens_hash(word);
    }
    qsort(words->hashes, words->count, sizeof *words->hashes, by_number);
}

bool common_words_have(const struct common_words *words, uint32_t hash)
{
    return bsearch(&hash, words->hashes, words->count, sizeof hash,
               by_number) != NULL;
}
