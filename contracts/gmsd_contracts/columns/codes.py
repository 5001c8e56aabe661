"""Official code lists. Sources: iWmo 3.2 (informatiemodel.istandaarden.nl); those marked (ours) are this project's own."""

WMO020 = {
    "01": "Hulp bij het huishouden",
    "02": "Begeleiding",
    "03": "Persoonlijke verzorging",
    "04": "Kortdurend verblijf",
    "05": "Woondiensten",
    "06": "Overige ondersteuning individu of huishouden/gezin",
    "07": "Dagbesteding",
    "08": "Vervoerdiensten",
    "09": "Overige groepsgerichte ondersteuning",
    "10": "Overige maatwerkarrangementen",
    "11": "Rolstoelen",
    "12": "Vervoervoorzieningen",
    "13": "Woonvoorzieningen",
    "14": "Overige hulpmiddelen",
    "15": "Beschermd wonen",
    "16": "Opvang",
    "17": "Spoedopvang",
    "18": "Overige beschermd wonen en opvang",
}

WMO588 = {
    "02": "Overlijden",
    "19": "Volgens plan",
    "20": "Tijdelijk beëindigd",
    "21": "Eenzijdig door cliënt",
    "22": "Eenzijdig door aanbieder",
    "23": "In overeenstemming voortijdig",
    "31": "Verhuizing naar andere gemeente",
    "36": "Geïnitieerd door gemeente",
    "37": "In verband met wijzigingsverzoek",
    "38": "Overgang naar andere aanbieder",
    "39": "Uitstroom naar ander domein",
}

WJ756 = {
    "01": "Minuut",
    "04": "Uur",
    "14": "Etmaal",
    "16": "Dagdeel",
    "82": "Stuks (output)",
    "83": "Euro",
    "84": "Stuks (inspanning)",
}

WMO757 = {"1": "Per dag", "2": "Per week", "4": "Per maand", "6": "Totaal binnen geldigheidsduur"}

TYPE_AANBIEDER = {  # (ours)
    "01": "Gecertificeerde instelling",
    "02": "Jeugdhulp",
    "03": "GGZ",
    "04": "Gehandicaptenzorg",
    "05": "Ouderenzorg",
    "06": "Buurt- of wijkteam",
    "09": "Overig",
}

LEVERINGSVORM = {"1": "Zorg in natura", "2": "Persoonsgebonden budget", "3": "Anders"}  # (ours)

AMBULANTISERING = {
    "1": "Klassiek beschermd wonen, cliënt betaalt geen huur",
    "2": "Klassiek beschermd wonen, cliënt betaalt zelf huur",
    "3": "Tussenvorm met huur of een vergelijkbare vergoeding",
}

GESLACHT = {"V": "Vrouw", "M": "Man", "O": "Onbekend of onbepaald"}

TYPE_HUISHOUDEN = {
    "1": "Eenpersoonshuishouden of onbekend",
    "2": "Paar zonder kinderen",
    "3": "Paar met kinderen",
    "4": "Eenouderhuishouden",
    "5": "Overig huishouden",
    "6": "Institutioneel huishouden",
}

SOORT_REGIO = {
    "LD": "Land",
    "PV": "Provincie",
    "GM": "Gemeente",
    "WK": "Wijk",
    "BU": "Buurt",
    "kern": "Kern",
    "BW": "Centrumregio beschermd wonen",
    "JZ": "Jeugdregio",
    "CR": "COROP-gebied",
    "SK": "Stedelijkheidsklasse",
}
