package org.dndllm.nano;

import java.util.List;

/** The words of the world. No word stands in two groups. */
final class Lexicon {
    static final int WORDS_PER_GROUP = 8;
    static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz";

    /**
     * Words that the encoder's text brings together.
     *
     * @param label what the encoder's text calls them; never part of a task prompt
     */
    record Group(String label, List<String> words) {}

    /** The topic of index i is the cue for the selection of index i. */
    static final List<Group> TOPICS = List.of(
            group("kitchen", "pan pot cup jar lid mug bowl fork"),
            group("sea", "crab ship sail reef wave tide boat seal"),
            group("forest", "oak elm fern moss wolf bear deer leaf"),
            group("music", "drum harp song tune lute horn band gong"),
            group("sport", "ball goal team race game puck golf judo"),
            group("school", "book desk pen exam page quiz math memo"),
            group("farm", "cow hen pig hay barn goat lamb mule"),
            group("space", "star moon mars nova sun orb ray sky"));

    /** The manner of index i is the cue for the transform of index i. */
    static final List<Group> MANNERS = List.of(
            group("happy", "gladly happily merrily gaily cheerily jovially sunnily jauntily"),
            group("sad", "sadly glumly grimly dully wearily bleakly sorely drearily"),
            group("angry", "angrily madly crossly hotly gruffly rudely testily fiercely"),
            group("quiet", "softly quietly calmly gently mildly meekly mutely faintly"),
            group("loud", "loudly noisily boldly shrilly brashly roundly stoutly hoarsely"),
            group("quick", "quickly swiftly hastily rapidly briskly fleetly speedily nimbly"));

    /** One word per letter, in alphabetical order. */
    static final List<String> LETTER_WORDS =
            List.of(("apple bag cat dog egg fox gem hat ink jam key log map net owl pie"
                            + " queen rat sock toy urn van web xray yak zoo")
                    .split(" "));

    private Lexicon() {}

    private static Group group(String label, String words) {
        return new Group(label, List.of(words.split(" ")));
    }
}
