"""The SQL of a snapshot. Parameters are typed in the text and bound by the client; no value is ever pasted in.

`run`: whose work rows; `register`: attempts of the effective `brp`; `last`: the peildatum; `earliest`: spells that end before it
are not looked at; `month`: of the peildatum, as year * 12 + month - 1; `buckets`, `bucket`: which part of the persons.
"""

WMO_ROWS = """
SELECT
    deliverer AS gemeente,
    if(period = {second:String}, 2, 1) AS half,
    bsn AS person,
    toewijzingsnummer AS toewijzing,
    coalesce(type_maatwerkarrangement_declaratie, type_maatwerkarrangement_toewijzing) AS type,
    leveringsvorm AS vorm,
    if(isNotNull(datum_start_daadwerkelijk), datum_start_daadwerkelijk, datum_start_rechtsgeldigheid) AS begin,
    if(isNotNull(datum_start_daadwerkelijk), datum_einde_daadwerkelijk, datum_einde_rechtsgeldigheid) AS end,
    reden_beeindiging AS reden
FROM wmo_1
WHERE attempt IN {attempts:Array(UUID)}
"""

REGIO_ROWS = """
SELECT code, naam, soort, geldig_vanaf, geldig_tot, deel_van FROM regio_1 WHERE attempt IN {attempts:Array(UUID)}
"""

# A spell ends at the earlier of datum_tot and datum_overlijden; open ends are later than any day. An empty spell (it ends
# before it begins) overlaps nothing. The order: on the peildatum before not; not on it, the one that ends last; then latest
# begin, then smallest codes; birth month last, so that the answer never depends on the order of rows.
_RESIDENCE = """
SELECT
    bsn,
    argMin(
        tuple(gemeentecode, buurtcode, geboortedatum, on_day),
        tuple(
            NOT on_day, if(on_day, 0, -spell_end), -toInt64(datum_vanaf), gemeentecode, wijkcode, buurtcode, geboortedatum
        )
    ) AS place
FROM
(
    SELECT
        *,
        least(
            toInt64(coalesce(datum_tot, 2147483647)), toInt64(coalesce(datum_overlijden, 2147483647))
        ) AS spell_end,
        datum_vanaf <= {last:Int32} AND spell_end >= {last:Int32} AS on_day
    FROM brp_1
    WHERE attempt IN {register:Array(UUID)}
        AND datum_vanaf <= spell_end AND datum_vanaf <= {last:Int32} AND spell_end >= {earliest:Int32}
        AND @PERSONS@
)
GROUP BY bsn
"""

_BUURTEN = "SELECT region, gemeente FROM work_regions WHERE run = {run:UUID} AND level = 'BU'"

# Whoever lives in a buurt of the deliverer counts in it, others in the gemeente only. One row per arrangement and moment.
_PLACED = f"""
SELECT
    a.person AS person,
    a.gemeente AS gemeente,
    if(b.region != '', b.region, a.gemeente) AS place_of_use,
    bitShiftLeft(toUInt64(1), a.bit) AS one,
    arrayJoin(if(a.on_day, ['peildatum', 'periode'], ['periode'])) AS moment
FROM (SELECT * FROM work_arrangements WHERE run = {{run:UUID}}) AS a
LEFT JOIN ({
    _RESIDENCE.replace("@PERSONS@", "bsn IN (SELECT person FROM work_arrangements WHERE run = {run:UUID})")
}) AS r ON r.bsn = a.person
LEFT JOIN ({_BUURTEN}) AS b ON b.region = r.place.2 AND b.gemeente = a.gemeente AND r.place.1 = a.gemeente
"""

# Groups of people with the same components; those in several gemeenten get a unit of their own, numbered by their components.
PERSONS_ONCE = f"""
SELECT moment, unit, component.1 AS gemeente, component.2 AS region, component.3 AS mask, people AS count
FROM
(
    SELECT
        moment,
        components,
        people,
        if(
            length(components) = 1,
            0,
            row_number() OVER (PARTITION BY moment, length(components) > 1 ORDER BY components)
        ) AS unit
    FROM
    (
        SELECT moment, components, count() AS people
        FROM
        (
            SELECT moment, person, arraySort(groupArray(tuple(gemeente, region, mask))) AS components
            FROM
            (
                SELECT moment, person, gemeente, min(place_of_use) AS region, groupBitOr(one) AS mask
                FROM ({_PLACED})
                GROUP BY moment, person, gemeente
            )
            GROUP BY moment, person
        )
        GROUP BY moment, components
    )
)
ARRAY JOIN components AS component
"""

ARRANGEMENTS = f"""
SELECT moment, 0 AS unit, gemeente, place_of_use AS region, one AS mask, count() AS count
FROM ({_PLACED})
GROUP BY moment, gemeente, place_of_use, one
"""

INHABITANTS = f"""
SELECT
    'peildatum' AS moment,
    0 AS unit,
    r.place.1 AS gemeente,
    if(b.region != '', b.region, r.place.1) AS region,
    bitShiftLeft(toUInt64(1), arrayFirstIndex(last_age -> age <= last_age, {{last_ages:Array(Int32)}}) - 1) AS mask,
    count() AS count,
    intDiv({{month:Int32}} - r.place.3, 12) AS age
FROM ({_RESIDENCE.replace("@PERSONS@", "cityHash64(bsn) % {buckets:UInt32} = {bucket:UInt32}")}) AS r
INNER JOIN (SELECT region FROM work_regions WHERE run = {{run:UUID}} AND level = 'GM') AS g ON g.region = r.place.1
LEFT JOIN ({_BUURTEN}) AS b ON b.region = r.place.2 AND b.gemeente = r.place.1
WHERE r.place.4 AND age BETWEEN 0 AND arrayMax({{last_ages:Array(Int32)}}) AND r.place.3 <= {{month:Int32}}
GROUP BY gemeente, region, mask, age
"""
